"""What a node's class declares, and what of it is kept."""

from collections import deque
from typing import Any

import numpy as np
import pytest

from tutelage import Node
from tutelage.codec import pack_state, unpack_state
from tutelage.input.problems import Refusal
from tutelage.learning.rollout import Demonstration, Demonstrations
from tutelage.messages import Closing


@pytest.mark.parametrize(
    ("method", "declaration"),
    [("due", "clock"), ("tick", "clock"), ("warn", "screen"), ("interrupt", "interruptible")],
)
def test_a_method_that_nobody_would_call_is_refused(method, declaration):
    with pytest.raises(TypeError, match=rf"Idle has {method}\(\), .* {declaration} = True"):
        type("Idle", (Node,), {method: lambda self: None})
    type("Declared", (Node,), {method: lambda self: None, declaration: True})


class Keeper(Node):
    keeps = ("number", "arrays", "recent", "shown", "message", "missing")

    def __init__(self) -> None:
        self.number, self.arrays = 0, [np.zeros(2)]
        self.recent: deque[int] = deque(maxlen=2)
        self.shown = Demonstrations()
        self.message: Closing | None = None
        self.missing: int | None = 3


def test_what_a_node_keeps_comes_back_through_a_checkpoint():
    first, second = Keeper(), Keeper()
    first.number, first.arrays, first.missing = 7, [np.arange(2.0)], None
    first.recent.extend([1, 2, 3])
    first.shown.append(Demonstration(np.ones((2, 1), np.float32), np.zeros(1, np.int64), True, False))
    first.message = Closing(1, 0, takes=2, kept=1)
    second.load(unpack_state(pack_state(first.state())))
    assert (second.number, second.missing) == (7, None)
    assert second.state()["message"] == [1, 0, 2, 1]
    assert second.recent == deque([2, 3]) and second.recent.maxlen == 2
    assert isinstance(second.shown[0], Demonstration) and second.shown[0].terminated
    second.arrays[0] += 1  # an array of a checkpoint could not be changed
    assert second.arrays[0].tolist() == [1, 2]


def test_a_state_without_what_is_kept_is_refused():
    state: dict[str, Any] = Keeper().state()
    del state["number"]
    with pytest.raises(Refusal, match="its checkpoint lacks number"):
        Keeper().load(state)
