"""What is derived from the task, and what can be set."""

import pytest

from tutelage.input.problems import Refusal
from tutelage.input.settings import chosen
from tutelage.learning.gail import Settings as Judging
from tutelage.learning.ppo import Settings as Learning


def test_discriminator_and_learner_discount_alike() -> None:
    assert Judging().discount == Learning().discount


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"discont": 0.9}, "has no 'discont'; did you mean 'discount'"),
        ({"hidden": "many"}, "'hidden' must be an int of at least 1, but is the string 'many'"),
        ({"minibatch": 0}, "'minibatch' must be an int of at least 1, but is 0"),
        ({"discount": 1}, "'discount' must be at least 0 and below 1, but is 1$"),
        ({"discount": 1.5}, "'discount' must be at least 0 and below 1, but is 1.5$"),
        ({"discount": -0.1}, "'discount' must be at least 0 and below 1, but is -0.1$"),
        ({"discount": float("nan")}, "'discount' must be at least 0 and below 1, but is nan$"),
        ({"clip": None}, "'clip' must be a float, but is null"),
    ],
)
def test_a_setting_with_which_nothing_can_be_learned_is_refused(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        chosen(Learning, given)
