import math

import numpy as np
import pytest
import torch

from tests.parts.autograd import gradient_of, mlp, tensors
from tests.parts.examples import CONTINUOUS, DISCRETE, demonstration, rollout
from tutelage.learning import pairs
from tutelage.learning.adversarial import discriminator_loss, gradient_penalty, interpolated_penalty, measured
from tutelage.learning.draws import generator
from tutelage.learning.gail import Discriminator, Settings
from tutelage.learning.ppo import PPO
from tutelage.learning.ring import Ring


def test_discriminator_loss():
    # expert at log 3: D = 3/4, -log(3/4); policy at log 3 and -log 3: -(log(1/4) + log(3/4)) / 2
    logit = np.array([math.log(3), -math.log(3)])
    expected = -math.log(3 / 4) - (math.log(1 / 4) + math.log(3 / 4)) / 2
    assert discriminator_loss(logit[:1], logit)[0] == pytest.approx(expected)


def test_gradient_penalty():
    # logit = a^2 + 3 b: slopes (2a, 3); at a = 1 and a = 2: (4 + 9 + 16 + 9) / 2 rows, halved: 9.5
    assert gradient_penalty(np.array([[2.0, 3.0], [4.0, 3.0]]))[0] == 9.5


def test_the_interpolated_penalty_is_the_distance_of_the_slopes_norm():
    # logit = a^2 + 3 b at a = 2 and a = 0: slopes of norm 5 and 3, from 1: (16 + 4) / 2
    slope = np.array([[4.0, 3.0], [0.0, 3.0]])
    assert interpolated_penalty(slope, 1.0)[0] == pytest.approx(10)
    assert interpolated_penalty(0 * slope, 2.0)[0] == pytest.approx(4)


def test_accuracy_is_the_share_of_logits_on_the_right_side_of_zero():
    expert, policy = np.array([-0.5, 0.0, 0.5, 2.0]), np.array([-2.0, -0.5, 0.0])
    assert measured(3.0, 4.0, expert, policy) == pytest.approx((3, 4, 1 / 2, 2 / 3))


def steps_of(discriminator):
    """Along which gradients it goes, and how far; it does not move."""
    taken = []
    discriminator.adam.step = lambda gradient, rate: taken.append((torch.tensor(gradient), rate))
    return taken


def sides(spaces):
    """Rows of the expert and of the policy."""
    expert, policy = demonstration(spaces), rollout(spaces, PPO(spaces, seed=0).tensors())
    return (
        pairs.step_rows(spaces, expert.observation[:-1], expert.action)[:12],
        pairs.of_rollout(spaces, policy, 1.0).rows[-12:],
    )


@pytest.mark.parametrize("spaces, weight", [(DISCRETE, 3.0), (CONTINUOUS, 5.0)])
@pytest.mark.parametrize("interpolated", [0.0, 7.0])
def test_a_step_goes_along_the_gradient_of_loss_and_penalty(spaces, weight, interpolated):
    settings = Settings(
        penalty_weight=3.0, continuous_penalty_weight=5.0, interpolated_penalty_weight=interpolated, slope=0.5
    )
    discriminator = Discriminator(spaces, 0, settings)
    discriminator.mean, discriminator.scale = np.full(3, 0.5, np.float32), np.full(3, 2.0, np.float32)
    discriminator.parameters.named["discriminator.2.weight"] *= 20
    named = tensors(discriminator.parameters)
    taken, (expert, policy) = steps_of(discriminator), sides(spaces)
    told = discriminator._step(expert, policy, 0.125, generator(0, "test"))

    def network(x):
        return mlp(named, "discriminator", x)[:, 0]

    x = np.concatenate([expert, policy])
    x[:, :3] = (x[:, :3] - 0.5) * 2 * (1 - x[:, -1:])  # no expert's episode has terminated: all endings are one
    inputs = torch.tensor(x, requires_grad=True)
    logit = network(inputs)
    loss = -torch.log(torch.sigmoid(logit[:12])).mean() - torch.log(1 - torch.sigmoid(logit[12:])).mean()
    if interpolated:
        share = torch.tensor(generator(0, "test").random((12, 1), dtype=np.float32))
        inputs = torch.tensor(x[:12] + share.numpy() * (x[12:] - x[:12]), requires_grad=True)
        (slope,) = torch.autograd.grad(network(inputs).sum(), inputs, create_graph=True)
        penalty, weight = (slope.norm(dim=1) - 0.5).square().mean(), interpolated
    else:
        (slope,) = torch.autograd.grad(logit.sum(), inputs, create_graph=True)
        penalty = 0.5 * slope.square().sum(dim=1).mean()
    ((gradient, rate),) = taken
    wanted = gradient_of(loss + weight * penalty, named)
    torch.testing.assert_close(gradient, wanted, rtol=1e-3, atol=1e-6)
    assert rate == 0.125
    right = (logit[:12] > 0).float().mean(), (logit[12:] < 0).float().mean()
    torch.testing.assert_close(torch.tensor(told).float(), torch.stack([loss, penalty, *right]), rtol=1e-4, atol=1e-6)


def test_a_logit_of_zero_is_right_for_neither_side():
    discriminator = Discriminator(DISCRETE, 0)
    discriminator.parameters.flat[:] = 0
    expert, policy = sides(DISCRETE)
    told = discriminator._step(expert, policy, 0.0, generator(0, "test"))
    assert told == pytest.approx((2 * math.log(2), 0, 0, 0))


def test_an_update_is_some_steps_at_a_rate_between_the_first_and_the_last():
    settings = Settings(steps=3, learning_rate=0.5, final_learning_rate=0.25, batch=8)
    discriminator = Discriminator(DISCRETE, 0, settings)
    taken, data = steps_of(discriminator), rollout(DISCRETE, PPO(DISCRETE, seed=0).tensors())
    for progress, rate in ((0.75, 0.3125), (None, 0.5)):
        taken.clear()
        given = {} if progress is None else {"progress": progress}
        metrics = discriminator.update([demonstration(DISCRETE)], data, generator(0, "test"), **given)
        assert [one[1] for one in taken] == [rate] * 3
    assert discriminator.tells_endings
    discriminator.update([demonstration(DISCRETE, terminated=False)], data, generator(0, "test"))
    assert not discriminator.tells_endings
    names = ("loss", "gradient_penalty", "accuracy_expert", "accuracy_policy")
    assert list(metrics) == [f"discriminator/{name}" for name in names]


def marked(number):
    """A rollout without endings whose observations are all this number."""
    data = rollout(DISCRETE, PPO(DISCRETE, seed=0).tensors())
    observation = np.full_like(data.observation, number)
    return data._replace(observation=observation, terminated=np.zeros_like(data.terminated))


def test_some_pairs_of_each_rollout_are_remembered_and_the_newest_kept():
    discriminator = Discriminator(DISCRETE, 0, Settings(steps=1, batch=4, memory=5, remembered=2))
    assert len(discriminator.memory) == 0
    for k, wanted in enumerate([[0, 0], [0, 0, 1, 1], [0, 1, 1, 2, 2], [1, 2, 2, 3, 3]]):
        discriminator.update([demonstration(DISCRETE)], marked(k), generator(0, "test", k))
        memory = discriminator.memory.since(discriminator.memory.oldest)
        np.testing.assert_array_equal(memory[:, 0], wanted)


def test_a_share_of_the_policys_pairs_is_remembered_ones():
    discriminator = Discriminator(DISCRETE, 0, Settings(batch=8, memory_share=0.25))
    policy = pairs.of_rollout(DISCRETE, marked(1), 1.0)
    assert discriminator._policy_batch(policy, generator(0, "test"))[:, 0].tolist() == [1] * 8
    discriminator.memory.append(np.full((1, 6), 7, np.float32))
    assert discriminator._policy_batch(policy, generator(0, "test"))[:, 0].tolist() == [1] * 6 + [7] * 2
    discriminator.memory = Ring(2)
    discriminator.memory.append(np.repeat([[0.0], [8.0], [9.0]], 6, axis=1))
    discriminator.settings = Settings(batch=200, memory_share=1.0)
    assert set(discriminator._policy_batch(policy, generator(0, "test"))[:, 0]) == {8, 9}


def test_the_score_is_the_logit_of_each_step_and_of_the_absorbing_state_after_it():
    discriminator, data = Discriminator(DISCRETE, 0), rollout(DISCRETE, PPO(DISCRETE, seed=0).tensors())
    discriminator.parameters.flat[:] = 0
    discriminator.parameters.named["discriminator.2.bias"][:] = 2
    steps, endings = discriminator.score(data)
    np.testing.assert_array_equal(steps, np.full((8, 4), 2.0))
    np.testing.assert_array_equal(endings, np.where(data.terminated, 2.0, 0.0))
    assert steps.dtype == endings.dtype == np.float32


@pytest.mark.parametrize("tells, ending", [(True, [4, 6, 8, 0, 0, 1]), (False, [0, 0, 0, 0, 0, 1])])
def test_observations_are_scaled_and_endings_hidden_where_all_are_alike(tells, ending):
    discriminator = Discriminator(DISCRETE, 0)
    discriminator.mean, discriminator.scale = np.full(3, -1, np.float32), np.full(3, 2, np.float32)
    discriminator.tells_endings = tells
    rows = np.array([[1, 2, 3, 0, 1, 0], [1, 2, 3, 0, 0, 1]], np.float32)
    np.testing.assert_array_equal(discriminator._inputs(rows), [[4, 6, 8, 0, 1, 0], ending])
    assert rows[1].tolist() == [1, 2, 3, 0, 0, 1]
    tensors = discriminator.tensors()
    assert tensors["tells_endings"].tolist() == [float(tells)]
    assert tensors["observation.mean"].tolist() == [-1] * 3 and tensors["observation.scale"].tolist() == [2] * 3


def test_the_first_weights_say_little():
    discriminator = Discriminator(CONTINUOUS, 0)
    assert discriminator.parameters.arrays()["discriminator.0.weight"].shape == (64, 3 + 2 + 1)
    np.testing.assert_allclose(np.linalg.norm(discriminator.parameters.named["discriminator.2.weight"]), 0.1, rtol=1e-5)
    assert discriminator.adam.betas == (0.5, 0.999)
    assert (
        not discriminator.tells_endings
        and discriminator.mean.tolist() == [0] * 3
        and discriminator.scale.tolist() == [1] * 3
    )


def trained(spaces, terminated=True, rollouts=3, **settings):
    discriminator = Discriminator(spaces, seed=0, settings=Settings(**settings))
    tensors = PPO(spaces, seed=0).tensors()
    for k in range(rollouts):
        data = rollout(spaces, tensors, k)
        metrics = discriminator.update([demonstration(spaces, terminated)], data, generator(0, "discriminator", k))
    return discriminator, data, metrics


def test_where_the_expert_never_ends_all_endings_are_one():
    discriminator, data, _ = trained(DISCRETE, terminated=False)
    _, absorbing = discriminator.score(data)
    ends = data.terminated
    assert ends.sum() > 1 and len(np.unique(absorbing[ends])) == 1


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
        discriminator, _, _ = trained(DISCRETE, absorbing=absorbing)
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
    observation = np.array([[0, 1e-6, 0.5], [4, -1e-6, 0.5], [0, 1e-6, 1], [4, -1e-6, 1]], np.float32)
    shown = demonstration(DISCRETE)._replace(observation=observation, action=np.array([0, 1, 1]))
    discriminator = Discriminator(DISCRETE, seed=0)
    data = rollout(DISCRETE, PPO(DISCRETE, seed=0).tensors())
    discriminator.update([shown], data, generator(0, "discriminator"))
    np.testing.assert_allclose(discriminator.mean, [2, 0, 0.75], atol=1e-12)
    np.testing.assert_allclose(discriminator.scale, [0.5, 1, 4])  # a millionth is none


@pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])
def test_state_and_load_in_the_middle_change_no_bit(spaces):
    straight, _, _ = trained(spaces, rollouts=6)
    first, data, _ = trained(spaces)
    second = Discriminator(spaces, seed=99, settings=first.settings)
    second.load({name: array.copy() for name, array in first.state().items()})
    second.memory.load(first.memory.state())
    for ours, theirs in zip(second.score(data), first.score(data), strict=True):
        np.testing.assert_array_equal(ours, theirs)
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
