import numpy as np
import pytest
import torch

from tests.parts.examples import CONTINUOUS, DISCRETE, rollout
from tutelage.learning.acting import act, forward
from tutelage.learning.distributions import categorical, gaussian
from tutelage.learning.draws import generator
from tutelage.learning.networks import mlp
from tutelage.learning.ppo import PPO


def trained(spaces):
    """A policy whose normaliser and output are no longer trivial."""
    ppo = PPO(spaces, seed=1)
    for k in range(3):
        data = rollout(spaces, ppo.tensors(), k)
        ppo.update(data, data.observation[..., 0], 0.0, generator(1, "learner", k))
    return ppo


@pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])
def test_numpy_and_torch_agree(spaces):
    ppo = trained(spaces)
    tensors = ppo.tensors()
    observation = generator(0, "test").standard_normal((32, 3), dtype=np.float32)
    normalised = torch.tensor((observation - tensors["observation.mean"]) * tensors["observation.scale"])
    output = mlp(ppo.parameters.named, "policy", normalised).detach()
    np.testing.assert_allclose(forward(tensors, observation), output, atol=1e-6)
    action, log_prob = act(tensors, observation, generator(0, "noise"))
    if spaces.discrete:
        expected, _ = categorical(output, torch.tensor(action))
    else:
        expected, _ = gaussian(output, torch.tensor(tensors["policy.log_std"]), torch.tensor(action))
    np.testing.assert_allclose(log_prob, expected, atol=2e-6)
    assert action.dtype == (np.int64 if spaces.discrete else np.float32) and log_prob.dtype == np.float32


def constant_policy(bias, **extra):
    """Whatever it sees, its output is `bias`."""
    zeros = {"observation.mean": 1, "observation.scale": 1, "policy.0.bias": 1, "policy.1.bias": 1}
    tensors = {name: np.zeros(size, np.float32) for name, size in zeros.items()}
    tensors |= {"policy.0.weight": np.zeros((1, 1), np.float32), "policy.1.weight": np.zeros((1, 1), np.float32)}
    tensors |= {"policy.2.weight": np.zeros((len(bias), 1), np.float32), "policy.2.bias": np.array(bias, np.float32)}
    return tensors | {name.replace("_", ".", 1): value for name, value in extra.items()}


def test_discrete_actions_come_as_often_as_their_probability():
    probability = np.array([0.1, 0.2, 0.7])
    action, log_prob = act(constant_policy(np.log(probability)), np.zeros((20000, 1), np.float32), generator(0, "test"))
    np.testing.assert_allclose(np.bincount(action) / 20000, probability, atol=0.01)
    np.testing.assert_allclose(np.exp(log_prob), probability[action], rtol=1e-5)


def test_continuous_actions_have_the_mean_and_deviation():
    tensors = constant_policy([0.5, -1.0], policy_log_std=np.log(np.array([0.1, 2.0], np.float32)))
    action, _ = act(tensors, np.zeros((20000, 1), np.float32), generator(0, "test"))
    np.testing.assert_allclose(action.mean(axis=0), [0.5, -1.0], atol=0.05)
    np.testing.assert_allclose(action.std(axis=0), [0.1, 2.0], rtol=0.03)


def test_without_a_generator_the_likeliest_action():
    observation = np.zeros((2, 1), np.float32)
    np.testing.assert_array_equal(act(constant_policy([0.0, 2.0, 1.0]), observation)[0], [1, 1])
    tensors = constant_policy([0.5], policy_log_std=np.zeros(1, np.float32))
    np.testing.assert_array_equal(act(tensors, observation)[0], [[0.5], [0.5]])
