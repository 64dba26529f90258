"""What the steps of a rollout are worth is heard after the steps, also where a machine waited for its first action."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tutelage import Message, Node
from tutelage.drivers.trail import Trail
from tutelage.messages import Demonstration, Score, Transition
from tutelage.nodes.discriminator import Discriminator
from tutelage.nodes.rewarder import Rewarder
from tutelage.transport.inbox import Inbox, Stream

STEPS = 4


def driven(waited: int) -> list[Message]:
    """A rollout of a machine whose first action came after so many periods."""
    trail = Trail(STEPS)
    said: list[Message] = []
    trail.begin(np.zeros(4, np.float32), 0)
    for step in range(waited + STEPS):
        if step == waited:
            trail.action = np.int64(1)  # type: ignore[assignment]
        said += trail.step(np.full(4, step, np.float32), False, False, 1.0)
    return said


def discriminator() -> Node:
    node = Discriminator("CartPole-v1", rollout_steps=STEPS)
    list(node.hear(Demonstration(0, 0, np.zeros((3, 4), np.float32), np.zeros(2, np.int64), True, False, "ann")))
    return node


def rewarder() -> Node:
    return Rewarder(rollout_steps=STEPS)


@pytest.mark.parametrize("waited", [0, 1, 6])
@pytest.mark.parametrize("made", [discriminator, rewarder])
def test_a_score_is_heard_after_its_steps(made: Callable[[], Node], waited: int) -> None:
    node = made()
    heard = next(message for message in driven(waited) if type(message) is node.hears[0])
    steps = next(message for message in driven(waited) if isinstance(message, Transition))
    score = next(message for message in node.hear(heard) or () if isinstance(message, Score))
    inbox = Inbox([Stream("judge", Score), Stream("hardware", Transition)])
    inbox.put("judge", "score", score)
    assert inbox.pop() is None
    inbox.put("hardware", "transition", steps)
    assert [inbox.pop(), inbox.pop()] == [steps, score]
