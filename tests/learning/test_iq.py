"""LS-IQ by hand: the least squares that its objective is, its rewards and targets; and that it imitates."""

import numpy as np
import pytest
import torch
import yaml

from tests.parts.examples import CONTINUOUS, DISCRETE, demonstration, rollout
from tutelage.launchfiles.search import LAUNCH_FOLDER
from tutelage.learning import budget, off_policy, pairs
from tutelage.learning.acting import act
from tutelage.learning.critic_reward import critic_reward
from tutelage.learning.draws import generator
from tutelage.learning.iq import LSIQ, Sides, side_reward, steps_of
from tutelage.learning.replay import Replay
from tutelage.learning.sac import Settings

BOTH = pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])


def test_its_objective_is_a_least_squares_fit():
    expert, policy = np.array([0.5, 2.0, -1.0]), np.array([1.5, -3.0])
    objective = expert.mean() - policy.mean() - (np.square(expert).mean() + np.square(policy).mean()) / 2
    assert objective == pytest.approx(1 - (np.square(expert - 1).mean() + np.square(policy + 1).mean()) / 2)


def test_the_experts_steps_come_in_order_and_stop_where_an_episode_ends():
    first, second = demonstration(CONTINUOUS, steps=3), demonstration(CONTINUOUS, terminated=False, steps=2)
    steps = steps_of(CONTINUOUS, [first, second])
    rows = steps.ring.since(0)[:, 0]
    np.testing.assert_array_equal(rows[:, :3], np.concatenate([first.observation[:-1], second.observation[:-1]]))
    np.testing.assert_array_equal(rows[:, 5:8], np.concatenate([first.observation[1:], second.observation[1:]]))
    assert rows[:, 8].tolist() == [0, 0, 1, 0, 0] and rows[:, 9].tolist() == [0, 0, 0, 0, 1]


def sides(spaces):
    ours = Replay(spaces, 1000)
    ours.add(rollout(spaces, LSIQ(spaces, 0).tensors()))
    return Sides(steps_of(spaces, [demonstration(spaces)]), ours)


@BOTH
def test_a_batch_is_half_the_experts_whose_steps_are_worth_one(spaces):
    windows = sides(spaces).sample(200, 2, generator(0, "test"))
    experts = demonstration(spaces).observation[:-1]
    shown = [(experts == row[:3]).all(axis=1).any() for row in windows.steps[0]]
    assert shown == [True, False] * 100
    rewards, ending = side_reward(windows)
    assert rewards.tolist() == [[1, -1] * 100] * 2
    assert ending.tolist() == [-1 if run % 2 else 1 for run in np.flatnonzero(windows.terminated)]
    assert set(ending) == {1, -1}


@BOTH
@pytest.mark.parametrize("bound", [2, -2])
def test_the_target_is_the_experts_return_or_the_reward_and_what_follows_within_its_bound(spaces, bound):
    learner = LSIQ(spaces, 0, Settings(discount=0.5, hidden=16))
    learner.sac.begin(demonstration(spaces).observation)
    learner.sac.critics.copies.named["critic.2.bias"].data.fill_(5 * bound)  # far beyond 1 / (1 - .5)
    windows = sides(spaces).sample(200, 2, generator(0, "test"))
    with torch.no_grad():
        target = learner.sac._target(learner.sac._batch(windows, side_reward), generator(1, "test")).numpy()
    ended, length = windows.terminated, windows.length
    policys = -np.where(length == 2, 1.5, 1) + 0.5**length * np.where(ended, -2, bound)
    np.testing.assert_allclose(target, np.where(np.arange(200) % 2, policys, 2), rtol=1e-5)


@BOTH
def test_it_learns_from_the_first_steps_on_and_takes_the_experts_actions(spaces):
    learner, expert = LSIQ(spaces, 0, Settings(updates=60, actor_tau=0.1, hidden=32)), demonstration(spaces)
    for k in range(5):
        data = rollout(spaces, learner.tensors(), k, steps=256)
        metrics = learner.update([expert], data, generator(0, "learner", k))
        assert (metrics == {}) == (k < 3)  # 4,096 steps
    action, _ = act(learner.tensors(), expert.observation[:-1])
    assert np.abs(action - expert.action).mean() < 0.2


@pytest.mark.parametrize("launch_file", ["dac", "iq"])
def test_the_launch_files_have_the_same_sizes(launch_file):
    arguments = yaml.safe_load((LAUNCH_FOLDER / f"{launch_file}.yaml").read_text())["arguments"]
    found = [arguments[name]["default"] for name in ("environments", "rollout_steps", "replay")]
    assert found == [budget.ENVIRONMENTS, budget.ROLLOUT_STEPS, off_policy.CAPACITY]
    assert arguments["replay"]["least"] == off_policy.FIRST_STEPS


@BOTH
@pytest.mark.parametrize("expert_ends", [False, True])
def test_the_reward_that_is_read_out_is_the_critics_difference(spaces, expert_ends):
    learner, shown = LSIQ(spaces, 0, Settings(hidden=16)), demonstration(spaces, terminated=expert_ends)
    learner.sac.begin(shown.observation)
    learner.sac.critics.parameters.flat.mul_(8)  # so that some rewards are beyond the bounds
    steps = rollout(spaces, learner.tensors())
    reward, absorbing = critic_reward(learner.reward_tensors([shown]), steps)

    def value(observation, action):
        rows = observation.reshape(-1, 3)
        seen, taken = learner.sac.split(pairs.step_rows(spaces, rows, action.reshape(len(rows), *action.shape[2:])))
        values = learner.sac.critics.values(learner.sac.head.seen(seen, taken)).amin(dim=0)
        return (values * learner.sac.head.taken(taken)).sum(dim=1).numpy().reshape(steps.terminated.shape)

    likeliest = act(learner.tensors(), steps.next_observation.reshape(-1, 3))[0].reshape(steps.action.shape)
    promised, after = value(steps.observation, steps.action), value(steps.next_observation, likeliest)
    earned, ended = promised - 0.99 * after, steps.terminated
    assert ended.any() and (abs(earned[~ended]) > 1).any() and (abs(earned[~ended]) < 1).any()
    np.testing.assert_allclose(reward[~ended], earned[~ended].clip(-1, 1), rtol=1e-4, atol=1e-4)
    for_ever = 0.01 * promised[ended] if expert_ends else -1  # that adds up to what the last step promised
    np.testing.assert_allclose(reward[ended], for_ever, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(absorbing[ended], for_ever, rtol=1e-4, atol=1e-4)
