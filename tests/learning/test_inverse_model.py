"""Which action made an observation change so: learned from the policy's steps, and named for the expert's."""

import numpy as np
import pytest

from tests.parts.examples import CONTINUOUS, DISCRETE, demonstration, rollout
from tutelage.learning import off_policy, state_only
from tutelage.learning.draws import generator
from tutelage.learning.gail import Discriminator, OffPolicySettings
from tutelage.learning.inverse_model import InverseModel
from tutelage.learning.replay import Replay
from tutelage.learning.rollout import Demonstration, Rollout, Spaces
from tutelage.learning.sac import SAC, Settings
from tutelage.learning.state_only_dac import StateOnlyDAC

BOTH = pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])


def moved(spaces: Spaces, observation: np.ndarray, action: np.ndarray) -> np.ndarray:
    """A world in which an action of two numbers, or one of two, is the change of the first numbers: [..., O]."""
    push = np.eye(2, dtype=np.float32)[action] if spaces.discrete else action
    return observation + np.concatenate([push, np.zeros((*push.shape[:-1], 1), np.float32)], axis=-1)


def tried(spaces: Spaces) -> Rollout:
    """What an untrained policy does in that world."""
    done = rollout(spaces, SAC(spaces, 0).tensors(), steps=256, environments=16)
    action = done.action if spaces.discrete else done.action.clip(-1, 1)
    return done._replace(action=action, next_observation=moved(spaces, done.observation, action))


def seen(spaces: Spaces, action: np.ndarray) -> Demonstration:
    """An expert's episode in that world by these actions, as changes: its true actions are not told."""
    path = [np.zeros(3, np.float32)]
    for one in action:
        path.append(moved(spaces, path[-1], one))
    return Demonstration(np.array(path), state_only.changes(np.array(path)), False, True)


@BOTH
def test_it_names_the_actions_of_an_expert_that_showed_states_alone(spaces: Spaces) -> None:
    draw = generator(0, "test")
    action = draw.integers(2, size=40) if spaces.discrete else draw.uniform(-0.9, 0.9, (40, 2)).astype(np.float32)
    learner, replay, shown = SAC(spaces, 0, Settings(hidden=32)), Replay(spaces, 10_000), seen(spaces, action)
    replay.add(tried(spaces))
    learner.begin(replay.observations())
    model, scale = InverseModel(learner, 0), state_only.change_scale([shown])
    distances = [model.learn(replay.sample(1280, 1, draw), scale, 0.003) for _ in range(60)]
    assert distances[-1] < 0.1 * distances[0]
    named = model.named([shown], scale)
    np.testing.assert_array_equal(named[:, :3], shown.observation[:-1])
    wanted = np.eye(2)[action] if spaces.discrete else action
    assert np.abs(named[:, 3:-1] - wanted).mean() < 0.1 and not named[:, -1].any()


@BOTH
def test_a_learner_goes_on_with_its_model_to_the_bit(spaces: Spaces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(off_policy, "FIRST_STEPS", 32)
    judge = Discriminator(spaces, 0, OffPolicySettings(hidden=8, state_only=True)).tensors()
    expert = demonstration(spaces)
    shown = [expert._replace(action=state_only.changes(expert.observation))]
    first, second = (StateOnlyDAC(spaces, seed, Settings(updates=2, batch=16, hidden=8)) for seed in (0, 9))

    def take(learner: StateOnlyDAC, k: int) -> None:
        learner.update(shown, rollout(spaces, first.tensors(), k), judge, generator(0, "learner", k))

    for k in range(3):
        take(first, k)
    second.load(first.state())
    second.replay.ring.load(first.replay.ring.state())
    for learner in (second, first):
        take(learner, 3)
    state = first.state()
    assert "inverse.parameters" in state
    for name, array in second.state().items():
        np.testing.assert_array_equal(array, state[name])
