import math

import numpy as np
import pytest
import torch

from tests.parts.examples import CONTINUOUS, DISCRETE, demonstration, rollout
from tutelage.learning.draws import generator
from tutelage.learning.gail import Discriminator, Settings, discriminator_loss, gradient_penalty
from tutelage.learning.ppo import PPO


def test_discriminator_loss():
    # expert at log 3: D = 3/4, -log(3/4); policy at log 3 and -log 3: -(log(1/4) + log(3/4)) / 2
    logit = torch.tensor([math.log(3), -math.log(3)])
    expected = -math.log(3 / 4) - (math.log(1 / 4) + math.log(3 / 4)) / 2
    torch.testing.assert_close(discriminator_loss(logit[:1], logit), torch.tensor(expected))


def test_gradient_penalty():
    # logit = a^2 + 3 b: slopes (2a, 3); at a = 1 and a = 2: (4 + 9 + 16 + 9) / 2 rows, halved: 9.5
    pairs = torch.tensor([[1.0, 7.0], [2.0, 7.0]], requires_grad=True)
    logit = pairs[:, 0] ** 2 + 3 * pairs[:, 1]
    torch.testing.assert_close(gradient_penalty(logit, pairs), torch.tensor(9.5))


def trained(spaces, terminated=True, rollouts=40, **settings):
    discriminator = Discriminator(spaces, seed=0, settings=Settings(**settings))
    tensors = PPO(spaces, seed=0).tensors()
    for k in range(rollouts):
        data = rollout(spaces, tensors, k)
        metrics = discriminator.update([demonstration(spaces, terminated)], data, generator(0, "discriminator", k))
    return discriminator, data, metrics


def like_the_expert(data, spaces):
    """The rollout's shape, filled with the expert's pairs."""
    expert = demonstration(spaces)
    action = np.broadcast_to(expert.action[0], data.action.shape)
    return data._replace(observation=np.broadcast_to(expert.observation[3], data.observation.shape), action=action)


@pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])
def test_the_logit_is_high_for_the_expert(spaces):
    discriminator, data, metrics = trained(spaces, terminated=False)
    policy_logit, _ = discriminator.score(data)
    expert_logit, _ = discriminator.score(like_the_expert(data, spaces))
    assert policy_logit.shape == data.terminated.shape
    assert policy_logit.mean() < -0.5 < 0.5 < expert_logit.mean()
    assert metrics["discriminator/accuracy_expert"] > 0.8 and metrics["discriminator/accuracy_policy"] > 0.8


def test_an_end_that_the_expert_never_reaches_scores_low():
    discriminator, data, _ = trained(DISCRETE, terminated=False)
    _, absorbing = discriminator.score(data)
    ends = torch.tensor(data.terminated)
    assert absorbing[ends].max() < -0.5
    assert (absorbing[~ends] == 0).all()


def test_it_tells_how_an_episode_ended():
    discriminator, data, _ = trained(DISCRETE)
    as_expert = np.broadcast_to(demonstration(DISCRETE).observation[-1], data.next_observation.shape)
    ends = torch.tensor(data.terminated)
    ours, theirs = (discriminator.score(d)[1][ends] for d in (data, data._replace(next_observation=as_expert)))
    assert ours.mean() < 0 < theirs.min()


def test_where_the_expert_never_ends_all_endings_are_one():
    discriminator, data, _ = trained(DISCRETE, terminated=False, rollouts=3)
    _, absorbing = discriminator.score(data)
    ends = torch.tensor(data.terminated)
    assert ends.sum() > 1 and len(absorbing[ends].unique()) == 1


def test_an_absorbing_state_stands_for_others_near_it():
    discriminator, _, _ = trained(DISCRETE, rollouts=1)
    rows = np.repeat([[1, 2, 3, 0, 1, 0], [1, 2, 3, 0, 0, 1]], 4000, axis=0).astype(np.float32)
    step, ending = np.split(discriminator._blurred(rows, generator(0, "test")), 2)
    assert (step == rows[0]).all() and (ending[:, 3:] == rows[-1, 3:]).all()
    np.testing.assert_allclose(ending[:, :3].mean(axis=0), [1, 2, 3], atol=0.1)
    np.testing.assert_allclose(ending[:, :3].std(axis=0) * discriminator.scale, 1, rtol=0.05)


def test_of_subsampled_demonstrations_an_ending_weighs_less():
    # an ending of 49 / 49 = 1, beside 20 steps
    discriminator = Discriminator(DISCRETE, 0, Settings(subsample=49))
    rows = discriminator._expert_pairs([demonstration(DISCRETE)]).sample(20000, generator(0, "test"))
    np.testing.assert_allclose(rows[:, -1].mean(), 1 / 21, atol=0.01)


def test_without_absorbing_states_endings_are_no_examples():
    rows = []
    for absorbing in (True, False):
        discriminator, _, _ = trained(DISCRETE, rollouts=3, absorbing=absorbing)
        rows.append(discriminator.memory.since(0)[:, -1])  # the indicator
    # an ending weighs .98 / .02 = 49 steps: about 3 endings among 32 steps are 147 of 179
    assert 0.6 < rows[0].mean() < 0.95
    assert (rows[1] == 0).all()


def test_the_penalty_is_that_of_the_kind_of_action():
    settings = Settings(penalty_weight=3.0, continuous_penalty_weight=5.0)
    assert Discriminator(DISCRETE, 0, settings).penalty_weight == 3
    assert Discriminator(CONTINUOUS, 0, settings).penalty_weight == 5


def test_at_the_end_of_the_run_nothing_is_learnt_any_more():
    discriminator, data, _ = trained(DISCRETE, rollouts=1)
    before = discriminator.state()["adam.parameters"]
    discriminator.update([demonstration(DISCRETE)], data, generator(0, "discriminator"), progress=1.0)
    np.testing.assert_array_equal(discriminator.state()["adam.parameters"], before)


def test_observations_are_scaled_to_a_deviation_of_one_over_the_demonstrations():
    observation = np.array([[1, 5, 7], [3, 5, 7], [1, 5, 9], [3, 5, 9]], np.float32)
    shown = demonstration(DISCRETE)._replace(observation=observation, action=np.array([0, 1, 1]))
    discriminator = Discriminator(DISCRETE, seed=0)
    data = rollout(DISCRETE, PPO(DISCRETE, seed=0).tensors())
    discriminator.update([shown], data, generator(0, "discriminator"))
    np.testing.assert_allclose(discriminator.mean, [2, 5, 8])
    np.testing.assert_allclose(discriminator.scale, [1, 1, 1])  # deviations 1, none, 1


@pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])
def test_state_and_load_in_the_middle_change_no_bit(spaces):
    straight, _, _ = trained(spaces, rollouts=6)
    first, data, _ = trained(spaces, rollouts=3)
    second = Discriminator(spaces, seed=99, settings=first.settings)
    second.load({name: array.copy() for name, array in first.state().items()})
    second.memory.load(first.memory.state())
    tensors = PPO(spaces, seed=0).tensors()
    for k in range(3, 6):
        second.update([demonstration(spaces)], rollout(spaces, tensors, k), generator(0, "discriminator", k))
    for name, array in straight.state().items():
        np.testing.assert_array_equal(second.state()[name], array)
    for ours, theirs in zip(second.score(data), straight.score(data), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_policys_log_prob_is_not_looked_at():
    discriminator, data, _ = trained(DISCRETE, rollouts=2)
    other = data._replace(log_prob=np.full_like(data.log_prob, np.nan))
    np.testing.assert_array_equal(discriminator.score(data)[0], discriminator.score(other)[0])
