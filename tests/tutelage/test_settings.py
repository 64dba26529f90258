"""What is derived from the task, and what can be set."""

from typing import Any

import pytest

from tutelage.input.problems import Refusal
from tutelage.input.settings import chosen
from tutelage.learning.gail import Settings as Judging
from tutelage.learning.ppo import Settings as Learning
from tutelage.nodes.airl_discriminator import AIRLDiscriminator
from tutelage.nodes.discriminator import Discriminator, RewardDiscriminator


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


@pytest.mark.parametrize("given", [{"state_only": True}, {"subsample": 20}])
def test_what_others_must_know_too_is_no_setting_of_the_discriminator_alone(given: dict[str, object]) -> None:
    (name,) = given
    told: dict[str, Any] = {"subsample": 1, "state_only": False, "settings": given}  # as launch files do
    for kind in (Discriminator, RewardDiscriminator):
        with pytest.raises(Refusal, match=f"settings: has '{name}', .* give it as {name}:=VALUE alone$"):
            kind("CartPole-v1", **told)
    with pytest.raises(Refusal, match=f"has no '{name}'"):
        AIRLDiscriminator("CartPole-v1", settings=given)
