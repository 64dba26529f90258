"""What is derived from the task, and what can be set."""

import numpy as np
import pytest

from tutelage.input.problems import Refusal
from tutelage.input.settings import chosen
from tutelage.learning.budget import budget
from tutelage.learning.gail import Settings as Judging
from tutelage.learning.ppo import Settings as Learning
from tutelage.learning.rollout import Spaces
from tutelage.tasks.task import TaskSpaces

CONTINUOUS = TaskSpaces(3, 1, False, -np.ones(1), np.ones(1))


@pytest.mark.parametrize(
    ("given", "spaces", "steps"),
    [
        (0, TaskSpaces(4, 2, True), 114688),
        (0, TaskSpaces(2, 3, True), 1048576),
        (0, CONTINUOUS, 2097152),
        (5000, CONTINUOUS, 5000),
        (5000, TaskSpaces(4, 2, True), 5000),
    ],
)
def test_the_budget(given: int, spaces: TaskSpaces, steps: int) -> None:
    assert budget(given, Spaces(*spaces[:3])) == steps


def test_discriminator_and_learner_discount_alike() -> None:
    assert Judging().discount == Learning().discount


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"discont": 0.9}, "has no 'discont'; did you mean 'discount'"),
        ({"hidden": "many"}, "'hidden' must be an int of at least 1, but is the string 'many'"),
        ({"minibatch": 0}, "'minibatch' must be an int of at least 1, but is 0"),
        ({"clip": None}, "'clip' must be a float, but is null"),
    ],
)
def test_a_setting_with_which_nothing_can_be_learned_is_refused(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        chosen(Learning, given)
