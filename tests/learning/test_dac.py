from typing import Any

import numpy as np
import pytest

from tests.parts.examples import CONTINUOUS, DISCRETE, demonstration, rollout
from tutelage.learning import off_policy
from tutelage.learning.dac import DAC
from tutelage.learning.draws import generator
from tutelage.learning.gail import Discriminator, OffPolicySettings
from tutelage.learning.normaliser import Normaliser
from tutelage.learning.off_policy import CAPACITY
from tutelage.learning.rollout import Spaces
from tutelage.learning.sac import Settings

SMALL = Settings(updates=2, batch=16, hidden=8)


@pytest.fixture(autouse=True)
def first_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learning begins with the third rollout of 8 steps in 4 environments."""
    monkeypatch.setattr(off_policy, "FIRST_STEPS", 96)


def learner(spaces: Spaces = DISCRETE, seed: int = 0, **more: Any) -> DAC:
    return DAC(spaces, seed, SMALL, **{"capacity": 128, **more})


def take(learner: DAC, rollouts: Any, **more: Any) -> list[dict[str, float]]:
    judge = Discriminator(learner.spaces, 0, OffPolicySettings(hidden=8)).tensors()
    shown = [demonstration(learner.spaces)]
    data = [rollout(learner.spaces, learner.tensors(), k) for k in rollouts]
    return [learner.update(shown, one, judge, generator(0, "learner", k), **more) for k, one in enumerate(data)]


def test_it_learns_nothing_before_there_are_enough_steps():
    some = learner()
    assert take(some, range(2)) == [{}, {}] and some.sac.updates == 0
    (metrics,) = take(some, [2])
    assert some.sac.updates == 2 and metrics["train/learning_rate"] == SMALL.learning_rate
    (metrics,) = take(some, [3], progress=1.0)
    assert metrics["train/learning_rate"] == pytest.approx(SMALL.learning_rate / 20)


def test_observations_are_scaled_by_the_first_steps_and_as_many_of_the_expert():
    some = learner()
    seen = np.concatenate([rollout(DISCRETE, some.tensors(), k).observation for k in range(3)])
    take(some, range(3))
    wanted = Normaliser(3)
    wanted.update(np.concatenate([seen.reshape(-1, 3), np.resize(demonstration(DISCRETE).observation[:-1], (96, 3))]))
    np.testing.assert_allclose(some.tensors()["observation.mean"], wanted.tensors()["observation.mean"], rtol=1e-6)
    before = some.tensors()["observation.scale"]
    take(some, [3])
    np.testing.assert_array_equal(some.tensors()["observation.scale"], before)


@pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])
def test_it_goes_on_to_the_bit_from_its_state_and_replay_buffer(spaces: Spaces) -> None:
    first, second = learner(spaces), learner(spaces, seed=9)
    take(first, range(5))
    second.load(first.state())
    second.replay.ring.load(first.replay.ring.state())
    for some in (first, second):
        take(some, [5])
    for name, array in first.tensors().items():
        np.testing.assert_array_equal(second.tensors()[name], array)


def test_the_buffer_holds_the_first_steps_at_least():
    assert [learner(capacity=number).replay.ring.capacity for number in (10, 97)] == [96, 97]
    assert DAC(DISCRETE, 0).replay.ring.capacity == CAPACITY == 400_000
