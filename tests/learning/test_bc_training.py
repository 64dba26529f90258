"""What behaviour cloning has learned after thirty epochs."""

from typing import Any

import numpy as np
import pytest

from tests.learning.test_bc import KINDS, expert, trained
from tutelage.learning.acting import act
from tutelage.learning.rollout import Spaces


@pytest.mark.parametrize("spaces, loss", KINDS)
def test_the_expert_is_imitated_on_what_was_not_shown(spaces: Spaces, loss: Any) -> None:
    bc, metrics = trained(spaces, loss=loss)
    fresh = expert(spaces, 100, steps=400)
    wrong = np.abs(act(bc.tensors(), fresh.observation[:-1])[0] - fresh.action)
    assert np.mean(wrong) < 0.1
    assert metrics[-1]["bc/loss"] < metrics[0]["bc/loss"]
    assert metrics[-1]["bc/epoch"] == 30
    assert ("bc/accuracy" in metrics[-1]) == spaces.discrete
