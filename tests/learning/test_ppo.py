import math
import re

import numpy as np
import pytest
import torch

from tests.parts.autograd import gradient_of, mlp, tensors
from tests.parts.examples import CONTINUOUS, DISCRETE, rollout
from tutelage.learning.draws import generator
from tutelage.learning.normaliser import Normaliser
from tutelage.learning.ppo import PPO, Settings, excess, policy_loss, value_loss


def test_policy_loss():
    # ratios 1.5, .5, 1.5, .5 with advantages 1, 1, -1, -1, clipped at .8 and 1.2:
    # min(1.5, 1.2) = 1.2, min(.5, .8) = .5, min(-1.5, -1.2) = -1.5, min(-.5, -.8) = -.8; minus the mean: .6 / 4
    loss, gradient = policy_loss(np.array([1.5, 0.5, 1.5, 0.5]), np.array([1.0, 1.0, -1.0, -1.0]), clip=0.2)
    assert loss == pytest.approx(0.15)
    np.testing.assert_allclose(gradient, [0, -0.5 / 4, 1.5 / 4, 0])  # where it is clipped nothing is gained


def test_value_loss():
    # (1 + 9) / 2
    assert value_loss(np.array([1.0, 2.0]), np.array([2.0, 5.0]))[0] == 5


KINDS = pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])


def steps_of(ppo):
    """Along which gradients it goes, how far, and how far at most; it does not move."""
    taken = []
    ppo.adam.step = lambda *step: taken.append((torch.tensor(step[0]), *step[1:]))
    return taken


def advantages_of(reward, value, next_value, ended, discount, gae_lambda):
    """By the sum that defines them: of all later surprises up to the episode's end."""
    surprise = reward + discount * next_value - value
    advantage = np.zeros_like(value)
    for step, environment in np.ndindex(*value.shape):
        factor = 1.0
        for later in range(step, len(value)):
            advantage[step, environment] += factor * surprise[later, environment]
            if ended[later, environment]:
                break
            factor *= discount * gae_lambda
    return advantage


@KINDS
def test_an_update_steps_along_the_gradient_of_its_losses(spaces):
    """Held against autograd and torch's distributions, with no setting at its default."""
    settings = Settings(0.01, 1, 1000, 0.9, 0.8, 0.1, 0.05, 0.03, 0.7, 0.3, 0.4, 16)
    ppo, draw = PPO(spaces, 0, settings), generator(0, "test")
    ppo.normaliser.update(1 + 3 * draw.standard_normal((50, 3)))
    ppo.parameters.flat += 0.3 * draw.standard_normal(len(ppo.parameters.flat)).astype(np.float32)
    data = rollout(spaces, ppo.tensors())
    data = data._replace(log_prob=data.log_prob + 0.2 * draw.standard_normal((8, 4), dtype=np.float32))
    reward, absorbing = (draw.standard_normal((8, 4), dtype=np.float32) for _ in range(2))
    named, scaling, taken = tensors(ppo.parameters), ppo.normaliser.tensors(), steps_of(ppo)

    def network(name, observation):
        x = torch.tensor((observation.reshape(-1, 3) - scaling["observation.mean"]) * scaling["observation.scale"])
        return mlp(named, name, x)

    value, following = (
        network("value", seen).detach().numpy().reshape(8, 4) for seen in (data.observation, data.next_observation)
    )
    following = np.where(data.terminated, 0.1 * absorbing / 0.1, following)
    ended = data.terminated | data.truncated
    advantage = advantages_of(0.1 * reward, value, following, ended, 0.9, 0.8)
    target = torch.tensor(advantage + value).ravel()
    normal = torch.tensor((advantage - advantage.mean()) / advantage.std()).ravel()
    output, action = network("policy", data.observation), torch.tensor(data.action)
    policy = (
        torch.distributions.Categorical(logits=output)
        if spaces.discrete
        else torch.distributions.Independent(torch.distributions.Normal(output, named["policy.log_std"].exp()), 1)
    )
    log_prob = policy.log_prob(action.reshape(-1, *action.shape[2:]))
    ratio = (log_prob - torch.tensor(data.log_prob).ravel()).exp()
    clipped = torch.minimum(ratio * normal, ratio.clamp(0.9, 1.1) * normal)
    value_error = (network("value", data.observation)[:, 0] - target).square().mean()
    loss = -clipped.mean() + 0.3 * value_error - (0.05 if spaces.discrete else 0.03) * policy.entropy().mean()
    if not spaces.discrete:
        loss = loss + 0.7 * (output.abs() - 1).clamp(min=0).square().sum(dim=1).mean()

    metrics = ppo.update(data, reward, absorbing, generator(0, "learner"), progress=0.25)
    ((gradient, rate, most),) = taken
    torch.testing.assert_close(gradient, gradient_of(loss, named), rtol=1e-3, atol=1e-6)
    assert rate == 0.0075 and most == 0.4
    wanted = {
        "policy_gradient_loss": -clipped.mean().item(),
        "value_loss": value_error.item(),
        "entropy_loss": -policy.entropy().mean().item(),
        "approx_kl": (ratio - 1 - ratio.log()).mean().item(),
        "clip_fraction": ((ratio - 1).abs() > 0.1).float().mean().item(),
        "explained_variance": 1 - advantage.var() / target.numpy().var(),
        "advantage_std": advantage.std(),
        "learning_rate": 0.0075,
    }
    assert metrics == pytest.approx({f"train/{name}": number for name, number in wanted.items()}, rel=1e-3, abs=1e-6)
    wanted_mean = Normaliser(3)
    wanted_mean.update(1 + 3 * generator(0, "test").standard_normal((50, 3)))
    wanted_mean.update(data.observation)
    np.testing.assert_array_equal(ppo.normaliser.mean, wanted_mean.mean)


def test_each_epoch_goes_over_all_steps_in_minibatches():
    ppo = PPO(DISCRETE, 0, Settings(epochs=3, minibatch=10))
    data, taken = rollout(DISCRETE, ppo.tensors()), steps_of(ppo)
    metrics = ppo.update(data, data.observation[..., 0], 0.0, generator(0, "learner"))
    assert len(taken) == 3 * 4  # 32 steps
    assert metrics["train/learning_rate"] == Settings().learning_rate  # at the beginning, where nothing else is said
    rows = ppo._minibatches(generator(0, "rows"), 32)
    assert [len(some) for some in rows] == 3 * [10, 10, 10, 2]
    assert all(sorted(np.concatenate(rows[k : k + 4])) == list(range(32)) for k in (0, 4, 8))


def test_where_all_is_alike_nothing_is_divided_by_zero():
    ppo = PPO(DISCRETE, 0)
    ppo.parameters.flat[:] = 0
    data = rollout(DISCRETE, ppo.tensors())
    metrics = ppo.update(data, np.zeros((8, 4), np.float32), 0.0, generator(0, "learner"))
    assert metrics["train/advantage_std"] == 0 and metrics["train/explained_variance"] == 1


@KINDS
def test_the_first_policy_tells_nothing_apart_and_the_first_values_are_orthogonal(spaces):
    arrays = PPO(spaces, 0).parameters.arrays()
    weight = arrays["policy.2.weight"]
    np.testing.assert_allclose(weight @ weight.T, 1e-4 * np.eye(2), atol=1e-8)
    np.testing.assert_allclose(np.linalg.norm(arrays["value.2.weight"]), 1, rtol=1e-5)
    assert arrays["value.1.weight"].shape == arrays["policy.1.weight"].shape == (64, 64)
    if not spaces.discrete:
        np.testing.assert_array_equal(arrays["policy.log_std"], [0, 0])


def test_a_policy_can_begin_with_that_of_another():
    other, ppo = PPO(CONTINUOUS, seed=1), PPO(CONTINUOUS, seed=0)
    run(other, range(2))
    values = ppo.parameters.arrays()["value.0.weight"]
    ppo.begin_with(other.tensors())
    for name, array in other.tensors().items():
        np.testing.assert_allclose(ppo.tensors()[name], array, rtol=1e-6, err_msg=name)
    np.testing.assert_array_equal(ppo.parameters.arrays()["value.0.weight"], values)
    wider = PPO(CONTINUOUS, 0, Settings(hidden=8))
    sizes = {"observation.mean": [3], "observation.scale": [3], "policy.0.bias": [8], "policy.0.weight": [8, 3]}
    sizes |= {"policy.1.bias": [8], "policy.1.weight": [8, 8], "policy.2.bias": [2], "policy.2.weight": [2, 8]}
    sizes["policy.log_std"] = [2]
    own = {name: [64 if size == 8 else size for size in shape] for name, shape in sizes.items()}
    with pytest.raises(ValueError, match="^" + re.escape(f"it has {own}, and {sizes} is needed") + "$"):
        wider.begin_with(ppo.tensors())


def run(ppo, rollouts):
    for k in rollouts:
        data = rollout(ppo.spaces, ppo.tensors(), k)
        metrics = ppo.update(data, data.observation[..., 0], -1.0, generator(0, "learner", k))
    return metrics


def test_excess():
    assert excess(np.array([[0.5, 3.0], [-1.5, 1.0]]))[0] == pytest.approx((2**2 + 0.5**2) / 2)


@pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])
def test_state_and_load_in_the_middle_change_no_bit(spaces):
    straight, first, second = PPO(spaces, seed=0), PPO(spaces, seed=0), PPO(spaces, seed=99)
    run(straight, range(6))
    run(first, range(3))
    second.load({name: array.copy() for name, array in first.state().items()})
    run(first, [3])  # must not reach into what was saved
    run(second, range(3, 6))
    for name, array in straight.state().items():
        np.testing.assert_array_equal(second.state()[name], array)


def test_the_state_is_a_copy():
    ppo = PPO(DISCRETE, seed=0)
    state = ppo.state()
    before = {name: array.copy() for name, array in state.items()}
    run(ppo, range(2))
    for name, array in before.items():
        np.testing.assert_array_equal(state[name], array)


def test_the_metrics_are_the_usual_ones():
    names = "policy_gradient_loss value_loss entropy_loss approx_kl clip_fraction explained_variance learning_rate"
    metrics = run(PPO(DISCRETE, seed=0), [0])
    assert {f"train/{name}" for name in names.split()} <= metrics.keys()
    assert metrics["train/entropy_loss"] == pytest.approx(-math.log(2), abs=0.01)


def test_the_learning_rate_goes_down_with_progress():
    ppo = PPO(DISCRETE, seed=0, settings=Settings(learning_rate=2.0))
    data = rollout(DISCRETE, ppo.tensors())
    before = ppo.state()
    metrics = ppo.update(data, data.observation[..., 0], 0.0, generator(0, "learner"), progress=0.75)
    assert metrics["train/learning_rate"] == 0.5
    ppo.load(before)
    ppo.update(data, data.observation[..., 0], 0.0, generator(0, "learner"), progress=1.0)
    np.testing.assert_array_equal(ppo.state()["adam.parameters"], before["adam.parameters"])
