"""AIRL by hand: the likelihood of applied actions, the shaped reward, the logit; and that it finds what the expert seeks."""

import numpy as np
import pytest
import torch

from tests.parts.examples import CONTINUOUS, DISCRETE, demonstration, rollout
from tutelage.learning.acting import act
from tutelage.learning.airl import AIRL, Settings, Transitions, of_rows, shaped, with_absorbing
from tutelage.learning.draws import generator
from tutelage.learning.likelihood import censored_gaussian, log_prob
from tutelage.learning.ppo import PPO
from tutelage.learning.state_reward import NAMES, state_reward

BOTH = pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])


def test_a_bound_has_all_the_probability_beyond_it():
    mean, log_std = torch.tensor([[0.0], [0.0], [0.0], [2.0]]), torch.tensor([0.0])
    found = censored_gaussian(mean, log_std, torch.tensor([[0.5], [1.0], [-7.0], [1.0]])).exp()
    # the normal density at 0.5; the probability beyond one deviation; the same below; within one deviation, and above
    np.testing.assert_allclose(found, [0.352065, 0.158655, 0.158655, 0.841345], rtol=1e-5)


def test_of_several_numbers_the_likelihoods_are_multiplied():
    mean, log_std = torch.tensor([[0.0, 0.0, 0.5, 0.0]]), torch.log(torch.tensor([1.0, 2.0, 2.0, 2.0]))
    found = censored_gaussian(mean, log_std, torch.tensor([[0.5, 1.0, -1.0, 0.5]]))
    # the density at .5; P(z > 1/2); P(z < -3/4); half the density at .25
    np.testing.assert_allclose(found.exp(), [0.352065 * 0.308538 * 0.226627 * 0.386668 / 2], rtol=1e-5)


@BOTH
def test_inside_the_bounds_it_is_what_the_policy_says_of_its_own_actions(spaces):
    tensors = PPO(spaces, seed=0).tensors()
    observation = generator(0, "test").standard_normal((200, spaces.observation), dtype=np.float32)
    action, said = act(tensors, observation, generator(1, "test"))
    inside = np.ones(200, bool) if spaces.discrete else (np.abs(action) < 1).all(axis=1)
    assert inside.sum() > 50
    np.testing.assert_allclose(log_prob(tensors, observation, action)[inside], said[inside], rtol=1e-4)


def test_the_shaping_is_that_of_potentials():
    found = shaped(torch.tensor([1.0]), torch.tensor([4.0]), torch.tensor([10.0]), discount=0.5)
    assert found.tolist() == [1 + 0.5 * 10 - 4]


def test_an_end_is_followed_by_the_absorbing_state_so_often_as_it_weighs():
    ended, no = np.array([False, True]), np.zeros(2, bool)
    observation = np.array([[1.0], [2.0]], np.float32)
    steps = Transitions(observation, observation + 1, ended, no, np.full(2, -0.5, np.float32))
    found = with_absorbing(steps, 3)
    assert found.observation[:, 0].tolist() == [1, 2, 3, 3, 3]
    assert found.terminated.tolist() == [False, True, False, False, False]
    assert found.absorbing.tolist() == [False, False, True, True, True]
    assert found.log_prob.tolist() == [-0.5, -0.5, 0, 0, 0]
    for ours, theirs in zip(of_rows(found.rows()), found, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_where_only_the_policy_ends_the_absorbing_state_is_worth_little():
    airl, policy, data = trained(DISCRETE, rollouts=30, terminated=False)
    reward, absorbing = airl.score(data, policy)
    assert data.terminated.any() and (absorbing[~data.terminated] == 0).all()
    assert absorbing[data.terminated].max() < min(0, reward.mean())
    assert airl.tensors()["absorbing.reward"][0] < state_reward(airl.tensors(), data.observation).mean()


@BOTH
def test_the_score_is_the_shaped_reward_less_the_log_likelihood(spaces):
    airl, policy, data = trained(spaces, rollouts=2)
    named = airl.parameters.arrays()
    potential = airl.tensors() | {
        name.replace("potential", "reward"): array for name, array in named.items() if name.startswith("potential")
    }
    flat = data.action.reshape(-1, *data.action.shape[2:])
    likelihood = log_prob(policy, data.observation.reshape(-1, spaces.observation), flat)
    value, following = (50 * state_reward(potential, one) for one in (data.observation, data.next_observation))
    following = np.where(data.terminated, 50 * 50 * named["absorbing.potential"], following)
    shaping = 0.98 * following - value  # 50 = 1 / (1 - .98)
    wanted = state_reward(airl.tensors(), data.observation) + shaping - likelihood.reshape(data.terminated.shape)
    np.testing.assert_allclose(airl.score(data, policy)[0], wanted, rtol=1e-4, atol=1e-4)


def test_a_recovered_reward_has_the_tensors_that_are_expected_of_it():
    assert set(AIRL(DISCRETE, 0).tensors()) == set(NAMES) and len(NAMES) == len(set(NAMES))


@BOTH
def test_the_reward_is_higher_where_the_expert_is(spaces):
    airl, _, data = trained(spaces, rollouts=30)
    ours, experts = data.observation, demonstration(spaces).observation
    assert state_reward(airl.tensors(), experts).mean() > state_reward(airl.tensors(), ours).mean() + 0.5


@BOTH
def test_state_and_load_in_the_middle_change_no_bit(spaces):
    straight, policy, _ = trained(spaces, rollouts=4)
    first, _, _ = trained(spaces, rollouts=2)
    second = AIRL(spaces, seed=99, settings=first.settings)
    second.load({name: array.copy() for name, array in first.state().items()})
    second.memory.load(first.memory.state())
    for k in (2, 3):
        step(second, spaces, policy, k)
    for name, array in straight.tensors().items():
        np.testing.assert_array_equal(second.tensors()[name], array)


def test_at_the_end_of_the_run_nothing_is_learned_any_more():
    airl, policy, data = trained(DISCRETE, rollouts=1)
    before = airl.tensors()
    airl.update([demonstration(DISCRETE)], data, policy, generator(0, "discriminator"), progress=1.0)
    for name, array in airl.tensors().items():
        np.testing.assert_array_equal(before[name], array)


def trained(spaces, rollouts, terminated=True):
    airl, policy = AIRL(spaces, seed=0, settings=Settings(batch=64)), PPO(spaces, seed=0).tensors()
    for k in range(rollouts):
        data = step(airl, spaces, policy, k, terminated)
    return airl, policy, data


def step(airl, spaces, policy, k, terminated=True):
    data = rollout(spaces, policy, k)
    airl.update([demonstration(spaces, terminated)], data, policy, generator(0, "discriminator", k))
    return data
