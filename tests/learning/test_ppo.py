import math

import numpy as np
import pytest
import torch

from tests.parts.examples import CONTINUOUS, DISCRETE, rollout
from tutelage.learning.acting import forward
from tutelage.learning.draws import generator
from tutelage.learning.ppo import PPO, Settings, excess, policy_loss, value_loss


def test_policy_loss():
    # ratios 1.5, .5, 1.5, .5 with advantages 1, 1, -1, -1, clipped at .8 and 1.2:
    # min(1.5, 1.2) = 1.2, min(.5, .8) = .5, min(-1.5, -1.2) = -1.5, min(-.5, -.8) = -.8; minus the mean: .6 / 4
    new, old = torch.tensor([1.5, 0.5, 1.5, 0.5]).log(), torch.zeros(4)
    loss = policy_loss(new, old, torch.tensor([1.0, 1.0, -1.0, -1.0]), clip=0.2)
    torch.testing.assert_close(loss, torch.tensor(0.15))


def test_value_loss():
    # (1 + 9) / 2
    assert value_loss(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 5.0])) == 5


def run(ppo, rollouts):
    for k in rollouts:
        data = rollout(ppo.spaces, ppo.tensors(), k)
        metrics = ppo.update(data, data.observation[..., 0], -1.0, generator(0, "learner", k))
    return metrics


def test_excess():
    mean = torch.tensor([[0.5, 3.0], [-1.5, 1.0]])
    assert excess(mean).item() == pytest.approx((2**2 + 0.5**2) / 2)


def test_means_beyond_the_bounds_come_back():
    """Where all actions are applied as the bound, all are worth the same."""
    ppo = PPO(CONTINUOUS, seed=0)
    with torch.no_grad():
        ppo.parameters.named["policy.2.bias"].fill_(3.0)
    for k in range(40):
        data = rollout(CONTINUOUS, ppo.tensors(), k, steps=32)
        ppo.update(data, np.zeros(data.log_prob.shape, np.float32), 0.0, generator(0, "learner", k))
    assert np.abs(forward(ppo.tensors(), data.observation.reshape(-1, CONTINUOUS.observation))).mean() < 1


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


def test_what_is_rewarded_becomes_likelier():
    ppo = PPO(DISCRETE, seed=0, settings=Settings(discount=0.5))
    for k in range(20):
        data = rollout(DISCRETE, ppo.tensors(), k, steps=32)
        ppo.update(data, (data.action == 1).astype(np.float32), 0.0, generator(0, "learner", k))
    assert (rollout(DISCRETE, ppo.tensors(), 100).action == 1).mean() > 0.9


@pytest.mark.parametrize("absorbing_reward, liked", [(5.0, 1), (-5.0, 0)])
def test_an_end_is_sought_or_avoided_by_what_it_pays(absorbing_reward, liked):
    """Action 1 ends the task; nothing else is paid."""
    ppo = PPO(DISCRETE, seed=0, settings=Settings(discount=0.9))
    for k in range(30):
        data = rollout(DISCRETE, ppo.tensors(), k, steps=32)
        data = data._replace(terminated=data.action == 1, truncated=np.zeros_like(data.truncated))
        ppo.update(data, np.zeros(data.action.shape, np.float32), absorbing_reward, generator(0, "learner", k))
    assert (rollout(DISCRETE, ppo.tensors(), 100).action == liked).mean() > 0.8


def test_the_learning_rate_goes_down_with_progress():
    ppo = PPO(DISCRETE, seed=0, settings=Settings(learning_rate=2.0))
    data = rollout(DISCRETE, ppo.tensors())
    before = ppo.state()
    metrics = ppo.update(data, data.observation[..., 0], 0.0, generator(0, "learner"), progress=0.75)
    assert metrics["train/learning_rate"] == 0.5
    ppo.load(before)
    ppo.update(data, data.observation[..., 0], 0.0, generator(0, "learner"), progress=1.0)
    np.testing.assert_array_equal(ppo.state()["adam.parameters"], before["adam.parameters"])
