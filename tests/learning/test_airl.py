"""AIRL by hand: the likelihood of applied actions, the shaped reward, the logit; and that it finds what the expert seeks."""

import numpy as np
import pytest
import torch

from tests.parts.autograd import gradient_of, mlp, tensors
from tests.parts.examples import CONTINUOUS, DISCRETE, demonstration, rollout
from tutelage.learning.acting import act
from tutelage.learning.airl import AIRL, Settings, Transitions, joined, of_rows, with_absorbing
from tutelage.learning.draws import generator
from tutelage.learning.likelihood import censored_gaussian, log_ndtr, log_prob
from tutelage.learning.ppo import PPO
from tutelage.learning.shaped import shaped
from tutelage.learning.state_reward import NAMES, state_reward

BOTH = pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])


def test_a_bound_has_all_the_probability_beyond_it():
    mean, action = np.array([[[0.0], [0.0], [0.0], [2.0]], [[0.5], [1.0], [-7.0], [1.0]]], np.float32)
    found = np.exp(censored_gaussian(mean, np.zeros(1, np.float32), action))
    # the normal density at 0.5; the probability beyond one deviation; the same below; within one deviation, and above
    np.testing.assert_allclose(found, [0.352065, 0.158655, 0.158655, 0.841345], rtol=1e-5)


def test_of_several_numbers_the_likelihoods_are_multiplied():
    mean, action = np.array([[[0.0, 0.0, 0.5, 0.0]], [[0.5, 1.0, -1.0, 0.5]]], np.float32)
    found = censored_gaussian(mean, np.log(np.array([1.0, 2.0, 2.0, 2.0], np.float32)), action)
    # the density at .5; P(z > 1/2); P(z < -3/4); half the density at .25
    np.testing.assert_allclose(np.exp(found), [0.352065 * 0.308538 * 0.226627 * 0.386668 / 2], rtol=1e-5)


def test_the_probability_beyond_a_bound_is_right_however_small_it_is():
    x = np.linspace(-40, 10, 50_001)
    np.testing.assert_allclose(log_ndtr(x), torch.special.log_ndtr(torch.tensor(x)), rtol=1e-9, atol=1e-12)
    assert np.isfinite(log_ndtr(np.array([-1e9, 1e9]))).all() and log_ndtr(np.zeros(0)).shape == (0,)


@BOTH
def test_inside_the_bounds_it_is_what_the_policy_says_of_its_own_actions(spaces):
    tensors = PPO(spaces, seed=0).tensors()
    observation = generator(0, "test").standard_normal((200, spaces.observation), dtype=np.float32)
    action, said = act(tensors, observation, generator(1, "test"))
    inside = np.ones(200, bool) if spaces.discrete else (np.abs(action) < 1).all(axis=1)
    assert inside.sum() > 50
    np.testing.assert_allclose(log_prob(tensors, observation, action)[inside], said[inside], rtol=1e-4)


def test_the_shaping_is_that_of_potentials():
    found = shaped(np.array([1.0]), np.array([4.0]), np.array([10.0]), discount=0.5)
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


def test_what_terminates_is_scored_by_the_absorbing_state():
    airl, policy = AIRL(DISCRETE, 0), PPO(DISCRETE, seed=0).tensors()
    airl.parameters.named["absorbing.reward"][:] = 0.03
    airl.parameters.named["absorbing.potential"][:] = 0.01
    data = rollout(DISCRETE, policy)
    _, absorbing = airl.score(data, policy)
    # 50 of each are a reward of 1.5 and .5 / (1 - discount) of potential: 1.5 + (discount - 1) * .5 / (1 - discount)
    np.testing.assert_allclose(absorbing, np.where(data.terminated, 1.0, 0.0), rtol=1e-6)
    assert airl.tensors()["absorbing.reward"] == pytest.approx([1.5])


def some(count, seed):
    """Transitions, of which the last but one terminates and the last is of the absorbing state."""
    draw, number = generator(seed, "test"), np.arange(count)
    observation, following = draw.standard_normal((2, count, 3), dtype=np.float32)
    likelihood = draw.standard_normal(count, dtype=np.float32)
    return Transitions(observation, following, number == count - 2, number == count - 1, likelihood)


def steps_of(airl):
    """Along which gradients it goes, and how far; it does not move."""
    taken = []
    airl.adam.step = lambda gradient, rate: taken.append((torch.tensor(gradient), rate))
    return taken


def test_a_step_goes_along_the_gradient_of_loss_and_penalty():
    airl = AIRL(DISCRETE, 0, Settings(penalty_weight=3.0, discount=0.9))
    airl.mean, airl.scale = np.full(3, 0.5, np.float32), np.full(3, 2.0, np.float32)
    taken, expert, ours = steps_of(airl), some(6, 1), some(9, 2)
    airl.parameters.named["reward.2.weight"] *= 20
    airl.parameters.named["absorbing.reward"][:] = 0.01
    airl.parameters.named["absorbing.potential"][:] = 0.002
    named = tensors(airl.parameters)
    told = airl._step(expert, ours, 0.125)

    both = joined(expert, ours)
    here, there = (torch.tensor((one - 0.5) * 2, requires_grad=True) for one in both[:2])
    g, h, following = (
        mlp(named, name, x)[:, 0] for name, x in (("reward", here), ("potential", here), ("potential", there))
    )
    slopes = torch.autograd.grad((g + h + following).sum(), (here, there), create_graph=True)
    penalty = torch.cat(slopes).square().sum(dim=1).mean() / 2
    absorbing, ended = torch.tensor(both.absorbing), torch.tensor(both.absorbing | both.terminated)
    g, h = (torch.where(absorbing, 50 * named[f"absorbing.{name}"], x) for name, x in (("reward", g), ("potential", h)))
    following = torch.where(ended, 50 * named["absorbing.potential"], following)
    logit = g + 10 * (0.9 * following - h) - torch.tensor(both.log_prob)  # 10 = 1 / (1 - .9)
    loss = -torch.log(torch.sigmoid(logit[:6])).mean() - torch.log(1 - torch.sigmoid(logit[6:])).mean()
    ((gradient, rate),) = taken
    torch.testing.assert_close(gradient, gradient_of(loss + 3 * penalty, named), rtol=1e-3, atol=1e-5)
    right = (logit[:6] > 0).float().mean(), (logit[6:] < 0).float().mean()
    torch.testing.assert_close(torch.tensor(told).float(), torch.stack([loss, penalty, *right]), rtol=1e-4, atol=1e-5)
    assert rate == 0.125


def test_an_update_is_some_steps_at_a_rate_between_the_first_and_the_last():
    airl = AIRL(DISCRETE, 0, Settings(steps=3, learning_rate=0.5, final_learning_rate=0.25, batch=8))
    taken, policy = steps_of(airl), PPO(DISCRETE, seed=0).tensors()
    for given, rate in (({"progress": 0.75}, 0.3125), ({}, 0.5)):
        taken.clear()
        airl.update([demonstration(DISCRETE)], rollout(DISCRETE, policy), policy, generator(0, "test"), **given)
        assert [one[1] for one in taken] == [rate] * 3


def test_an_update_scales_observations_by_the_demonstrations_and_measures_its_steps():
    airl, policy, shown = AIRL(DISCRETE, 0, Settings(batch=8)), PPO(DISCRETE, seed=0).tensors(), demonstration(DISCRETE)
    metrics = airl.update([shown], rollout(DISCRETE, policy), policy, generator(0, "test"))
    np.testing.assert_allclose(airl.mean, shown.observation.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(airl.scale, 1 / shown.observation.std(axis=0), rtol=1e-6)
    names = ("loss", "gradient_penalty", "accuracy_expert", "accuracy_policy")
    assert list(metrics) == [f"discriminator/{name}" for name in names]


def marked(number, policy):
    """A rollout without endings whose observations are all this number."""
    data = rollout(DISCRETE, policy)
    observation = np.full_like(data.observation, number)
    return data._replace(observation=observation, terminated=np.zeros_like(data.terminated))


def test_some_transitions_of_each_rollout_are_remembered_and_the_newest_kept():
    airl = AIRL(DISCRETE, 0, Settings(steps=1, batch=4, memory=5, remembered=2))
    policy = PPO(DISCRETE, seed=0).tensors()
    for k, wanted in enumerate([[0, 0], [0, 0, 1, 1], [0, 1, 1, 2, 2]]):
        airl.update([demonstration(DISCRETE)], marked(k, policy), policy, generator(0, "test", k))
        np.testing.assert_array_equal(airl.memory.since(airl.memory.oldest)[:, 0], wanted)


def test_a_share_of_the_policys_transitions_is_remembered_ones():
    airl, policy = AIRL(DISCRETE, 0, Settings(batch=8, memory_share=0.25)), PPO(DISCRETE, seed=0).tensors()
    ours = airl._ours(marked(1, policy), policy)
    assert airl._policy_batch(ours, generator(0, "test")).observation[:, 0].tolist() == [1] * 8
    airl.memory.append(np.full((1, 9), 7, np.float32))
    assert airl._policy_batch(ours, generator(0, "test")).observation[:, 0].tolist() == [1] * 6 + [7] * 2


def test_the_experts_transitions_end_where_its_episodes_do():
    policy = PPO(DISCRETE, seed=0).tensors()
    shown = [demonstration(DISCRETE, ended, steps) for ended, steps in ((True, 3), (False, 2), (True, 1))]
    found = AIRL(DISCRETE, 0)._expert(shown, policy)
    assert found.terminated.tolist() == [False, False, True, False, False, True] and not found.absorbing.any()
    np.testing.assert_array_equal(found.observation, np.concatenate([one.observation[:-1] for one in shown]))
    np.testing.assert_array_equal(found.next_observation, np.concatenate([one.observation[1:] for one in shown]))
    np.testing.assert_array_equal(found.log_prob, log_prob(policy, found.observation, np.ones(6, np.int64)))


def test_the_first_weights_say_little():
    airl = AIRL(DISCRETE, 0, Settings(discount=0.9, hidden=8))
    arrays = airl.parameters.arrays()
    for name in ("reward", "potential"):
        assert arrays[f"{name}.0.weight"].shape == (8, 3) and arrays[f"absorbing.{name}"].tolist() == [0]
        np.testing.assert_allclose(np.linalg.norm(arrays[f"{name}.2.weight"]), 0.1, rtol=1e-5)
    assert airl.adam.betas == (0.5, 0.999) and airl.ending_weight == 9  # .9 / (1 - .9)
    assert airl.mean.tolist() == [0, 0, 0] and airl.scale.tolist() == [1, 1, 1]


def trained(spaces, rollouts, terminated=True):
    airl, policy = AIRL(spaces, seed=0, settings=Settings(batch=64)), PPO(spaces, seed=0).tensors()
    for k in range(rollouts):
        data = step(airl, spaces, policy, k, terminated)
    return airl, policy, data


def step(airl, spaces, policy, k, terminated=True):
    data = rollout(spaces, policy, k)
    airl.update([demonstration(spaces, terminated)], data, policy, generator(0, "discriminator", k))
    return data
