"""Imitation of states alone: the change of the observation takes the action's place."""

import numpy as np
import pytest

from tests.learning.test_replay import counting
from tests.parts.examples import CONTINUOUS, DISCRETE, demonstration, rollout
from tutelage.learning import gail, reward_model, state_only
from tutelage.learning.dac import DAC
from tutelage.learning.draws import generator
from tutelage.learning.replay import Replay
from tutelage.learning.rollout import Demonstration
from tutelage.learning.state_only_dac import StateOnlyDAC


def shown() -> Demonstration:
    one = demonstration(DISCRETE)
    return one._replace(action=state_only.changes(one.observation))


def test_changes_are_scaled_by_three_deviations_of_the_experts() -> None:
    observation = np.array([[0.0, 5.0], [1.0, 5.0], [0.0, 5.0], [3.0, 5.0]], np.float32)
    changes = state_only.changes(observation)
    np.testing.assert_array_equal(changes[:, 0], [1, -1, 3])
    one = Demonstration(observation, changes, False, True)
    scale = state_only.change_scale([one])  # deviation of 1, -1, 3: 1.633; the second number never changes
    np.testing.assert_allclose(scale, [1 / (3 * 1.632993), 1e6], rtol=1e-5)
    np.testing.assert_allclose(state_only.demonstration(one, scale).action[:, 0], changes[:, 0] * scale[0])


def test_a_rollouts_actions_are_not_looked_at() -> None:
    done = rollout(DISCRETE, untrained())
    other = done._replace(action=1 - done.action)
    for one in (done, other):
        seen = state_only.rollout(one, np.ones(3, np.float32))
        np.testing.assert_array_equal(seen.action, done.next_observation - done.observation)


def test_runs_of_the_replay_buffer_show_what_a_rollout_shows() -> None:
    replay, steps = Replay(CONTINUOUS, 100), counting(CONTINUOUS, 0, 6, terminated=(30,))
    replay.add(steps)
    windows = state_only.windows(replay.sample(300, 3, generator(0, "test")), np.full(3, 0.05, np.float32))
    assert windows.steps.shape == (3, 300, 7) and windows.ending.shape == (300, 7)
    np.testing.assert_allclose(windows.steps[..., 3:6][windows.counts], 0.5)  # ten more in each step
    ended = windows.ending[windows.terminated]
    np.testing.assert_allclose(ended, np.tile([40.0, 40, 40, 0, 0, 0, 1], (len(ended), 1)))


@pytest.mark.slow
def test_discriminator_and_learner_use_the_states_alone_and_are_restored() -> None:
    discriminator, again = (gail.Discriminator(DISCRETE, 0, gail.OffPolicySettings(state_only=True)) for _ in range(2))
    learner = StateOnlyDAC(DISCRETE, 0)
    for k in range(3):
        done = rollout(DISCRETE, learner.tensors(), k, steps=512)
        discriminator.update([shown()], done, generator(0, "discriminator", k))
        metrics = learner.update([shown()], done, discriminator.tensors(), generator(0, "learner", k))
    assert min(metrics[f"train/{name}_loss"] for name in ("inverse", "cloning", "critic")) > 0
    again.load(discriminator.state())
    np.testing.assert_array_equal(again.score(done)[0], discriminator.score(done)[0])
    scored = discriminator.score(done)[0]
    rows = state_only.rollout(done, discriminator.change_scale)
    seen = np.concatenate([rows.observation, np.clip(rows.action, -1, 1), np.zeros((*scored.shape, 1))], axis=2)
    by_model = reward_model.expert_logit(discriminator.tensors(), seen.reshape(-1, 7).astype(np.float32))
    np.testing.assert_allclose(by_model, scored.ravel(), rtol=1e-4, atol=1e-5)


def untrained() -> dict[str, np.ndarray]:
    return DAC(DISCRETE, 0).tensors()
