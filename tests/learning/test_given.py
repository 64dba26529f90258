"""Rewards that are given, in the replay buffer and in the targets."""

import numpy as np

from tests.learning.test_replay import counting
from tests.parts.examples import CONTINUOUS, rollout
from tutelage.learning.draws import generator
from tutelage.learning.given import GivenReward, given_reward
from tutelage.learning.off_policy import FIRST_STEPS
from tutelage.learning.replay import Replay
from tutelage.learning.sac import Settings


def test_each_step_of_a_run_has_its_own_reward_and_an_end_the_absorbing_states():
    replay, steps = Replay(CONTINUOUS, 100), counting(CONTINUOUS, 0, 6, terminated=(30,))
    when = steps.observation[..., 0]
    replay.add(steps, -when, when / 100)  # step 3 of the first environment terminates: its absorbing reward is .3
    windows = replay.sample(500, 3, generator(0, "test"))
    reward, absorbing = given_reward(windows)
    counts = windows.counts
    assert counts.sum() > 500
    np.testing.assert_array_equal(reward[counts], -windows.steps[..., 0][counts])
    np.testing.assert_array_equal(absorbing, np.full(windows.terminated.sum(), 0.3, np.float32))
    assert len(absorbing)


def test_what_is_restored_has_the_rewards():
    replay, again = Replay(CONTINUOUS, 100), Replay(CONTINUOUS, 100)
    steps = counting(CONTINUOUS, 0, 4)
    replay.add(steps, steps.log_prob + 1, steps.log_prob + 2)
    again.ring.load(replay.ring.state())
    windows = again.sample(5, 1, generator(0, "test"))
    np.testing.assert_array_equal(windows.given, np.broadcast_to(np.array([1, 2]), (1, 5, 2)))


def test_observations_are_scaled_by_all_that_were_seen():
    learner = GivenReward(CONTINUOUS, 0, Settings(updates=1, hidden=16))
    rollouts = [rollout(CONTINUOUS, learner.tensors(), k, 128, 16) for k in range(4)]
    rollouts[-1] = rollouts[-1]._replace(observation=rollouts[-1].observation * 50)
    reward = np.zeros(rollouts[0].terminated.shape, np.float32)
    for k, one in enumerate(rollouts):
        learner.update(one, reward, reward, generator(0, "learner", k))
    seen = np.concatenate([one.observation.reshape(-1, 3) for one in rollouts])
    shown_twice = np.concatenate([seen, seen[:FIRST_STEPS]])  # the first ones count for an expert's that are not there
    np.testing.assert_allclose(1 / learner.tensors()["observation.scale"], shown_twice.std(axis=0), rtol=1e-5)
