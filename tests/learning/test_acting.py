import math
from typing import Any

import numpy as np
import pytest
import torch

from tests.parts.autograd import mlp
from tests.parts.autograd import tensors as copies
from tests.parts.examples import CONTINUOUS, DISCRETE, rollout
from tutelage.learning.acting import LOG_STD, act, forward, spaces_of
from tutelage.learning.draws import generator
from tutelage.learning.ppo import PPO
from tutelage.learning.rollout import Spaces


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
    output = mlp(copies(ppo.parameters), "policy", normalised).detach()
    np.testing.assert_allclose(forward(tensors, observation), output, atol=1e-6)
    action, log_prob = act(tensors, observation, generator(0, "noise"))
    if spaces.discrete:
        expected = torch.distributions.Categorical(logits=output).log_prob(torch.tensor(action))
    else:
        std = torch.tensor(tensors["policy.log_std"]).exp()
        expected = torch.distributions.Normal(output, std).log_prob(torch.tensor(action)).sum(dim=1)
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


class Drawn:
    """A generator whose numbers all are the same."""

    def __init__(self, number):
        self.number = number

    def random(self, count, dtype):
        return np.full(count, self.number, dtype)

    def standard_normal(self, shape, dtype):
        return np.full(shape, self.number, dtype)


def once(tensors, number=None):
    """The action and log-probability for one observation."""
    draw: Any = None if number is None else Drawn(number)
    action, log_prob = act(tensors, np.zeros((1, 1), np.float32), draw)
    return action[0], log_prob[0]


@pytest.mark.parametrize("number, choice", [(0, 0), (0.24, 0), (0.25, 1), (0.49, 1), (0.5, 2), (1.0, 2)])
def test_a_number_from_0_to_1_picks_the_choice_whose_share_it_falls_in(number, choice):
    assert once(constant_policy([5.0, 5.0, 5.0 + math.log(2)]), number)[0] == choice


def test_large_logits_are_no_trouble():
    action, log_prob = once(constant_policy([1000.0, 1001.0]))
    assert action == 1
    np.testing.assert_allclose(log_prob, -math.log(1 + math.exp(-1)), rtol=1e-5)
    assert once(constant_policy([-1000.0, 1000.0])) == (1, 0)


def test_a_gaussian_action_and_its_log_probability():
    # two deviations from means 1 and 3: deviations 1 and 2; -4/2 - 4/2 - log 2 - log(2 pi)
    action, log_prob = once(constant_policy([1.0, 3.0], policy_log_std=np.array([0, math.log(2)], np.float32)), 2.0)
    np.testing.assert_allclose(action, [3, 7])
    np.testing.assert_allclose(log_prob, -4 - math.log(2) - math.log(2 * math.pi), rtol=1e-6)


def actor(bias, outputs=0, **extra):
    """Two ReLU layers of one unit: 2 x + 1 and 3 y - 1; each output is their result plus its bias."""
    tensors: dict[str, Any] = {"observation.mean": 4, "observation.scale": 0.5, "actor.0.bias": 1, "actor.1.bias": -1}
    tensors |= {"actor.0.weight": [[2]], "actor.1.weight": [[3]], "actor.2.bias": bias}
    tensors |= {"actor.2.weight": np.full((len(bias), 1), outputs)} | extra
    return {name: np.atleast_1d(np.array(value, np.float32)) for name, value in tensors.items()}


@pytest.mark.parametrize(
    "observation, hidden",
    [
        (6, 8),  # scaled 1: 2 + 1 = 3, 9 - 1 = 8
        (2, 0),  # scaled -1: below zero, 0; -1, 0
        (100, 62),  # scaled 48, clipped to 10: 21, 62
        (-100, 0),
    ],
)
def test_an_actor_has_relus_and_sees_observations_clipped_to_ten(observation, hidden):
    output = forward(actor([0, 5], outputs=1), np.array([[observation]], np.float32))
    np.testing.assert_array_equal(output, [[hidden, hidden + 5]])


def test_what_is_far_below_the_mean_is_clipped_too():
    tensors = actor([0], outputs=1) | {"actor.0.weight": np.array([[-2.0]], np.float32)}
    np.testing.assert_array_equal(forward(tensors, np.array([[-100]], np.float32)), [[62]])


@pytest.mark.parametrize(("raw", "deviation"), [(0, math.exp(-2)), (30, math.exp(1)), (-30, math.exp(-5))])
def test_a_squashed_action_and_its_log_probability(raw, deviation):
    # .5 of a deviation from .25; the logarithm of the normal's height less that of the slope of tanh there
    log_std = {"actor.log_std": LOG_STD}
    action, log_prob = once(actor([0.25, raw], **log_std), 0.5)
    drawn = 0.25 + 0.5 * deviation
    np.testing.assert_allclose(action, [math.tanh(drawn)], rtol=1e-5)
    height = -0.125 - math.log(deviation) - 0.5 * math.log(2 * math.pi)
    np.testing.assert_allclose(log_prob, height - math.log(1 - math.tanh(drawn) ** 2), rtol=1e-5)
    np.testing.assert_allclose(once(actor([0.25, raw], **log_std))[0], [math.tanh(0.25)], rtol=1e-6)


def test_the_log_probabilities_of_several_numbers_add_up():
    tensors = actor([0.5, 0.5, 0, 0], **{"actor.log_std": [-5, 1]})
    single = actor([0.5, 0], **{"actor.log_std": [-5, 1]})
    np.testing.assert_allclose(once(tensors, 1.0)[1], 2 * once(single, 1.0)[1], rtol=1e-6)


@pytest.mark.parametrize("tensors, spaces", [
    (constant_policy([0.0, 1.0, 2.0]), Spaces(1, 3, True)),
    (constant_policy([0.0, 1.0, 2.0], policy_log_std=np.zeros(3, np.float32)), Spaces(1, 3, False)),
    (actor([0, 0, 0, 0]), Spaces(1, 4, True)),
    (actor([0, 0, 0, 0], **{"actor.log_std": [-5, 1]}), Spaces(1, 2, False)),
])  # fmt: skip
def test_the_tensors_tell_the_spaces(tensors, spaces):
    assert spaces_of(tensors) == spaces


@pytest.mark.parametrize("seen, weight", [(math.inf, 1.0), (0.0, math.inf)])
def test_what_is_no_number_is_refused_with_its_observation(seen, weight):
    tensors = constant_policy([0.0, 0.0])
    tensors |= {name: np.ones((1, 1), np.float32) for name in ("policy.0.weight", "observation.scale")}
    tensors["policy.2.bias"] = np.array([0.0, 0.0 if weight == 1 else weight], np.float32)
    observation = np.array([[1.0], [seen]], np.float32)
    row = 1 if weight == 1 else 0
    sentence = (
        f"the policy has no answer to the observation {observation[row].tolist()}: its network gives "
        f"{tensors['policy.2.bias'].tolist()}, which are no numbers to act on"
    )
    with pytest.raises(FloatingPointError) as caught:
        act(tensors, observation)
    assert str(caught.value) == sentence
