import math

import numpy as np
import pytest

from tests.parts.examples import CONTINUOUS, DISCRETE, demonstration, rollout
from tutelage.learning import dac, pairs, reward_model
from tutelage.learning.draws import generator
from tutelage.learning.gail import Discriminator, Settings
from tutelage.learning.ppo import PPO


def judge(spaces, terminated=True, rollouts=3, **settings):
    discriminator = Discriminator(spaces, 0, Settings(hidden=16, batch=32, **settings))
    tensors = PPO(spaces, 0).tensors()
    for k in range(rollouts):
        data = rollout(spaces, tensors, k)
        discriminator.update([demonstration(spaces, terminated)], data, generator(0, "discriminator", k))
    return discriminator, data


@pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])
@pytest.mark.parametrize("terminated", [True, False])
def test_the_weights_alone_judge_as_the_discriminator_does(spaces, terminated):
    discriminator, data = judge(spaces, terminated)
    steps, endings = discriminator.score(data)
    rows = pairs.step_rows(spaces, data.observation, data.action)
    before, tensors = rows.copy(), discriminator.tensors()
    logit = reward_model.expert_logit(tensors, rows)
    np.testing.assert_allclose(logit.reshape(steps.shape), steps, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(rows, before)
    last = pairs.ending_rows(spaces, data.next_observation[data.terminated])
    assert len(last)
    logit, expected = reward_model.expert_logit(tensors, last), endings[data.terminated]
    np.testing.assert_allclose(logit, expected if terminated else reward_model.NEVER, rtol=1e-4, atol=1e-5)
    assert logit.dtype == np.float32 and all(array.dtype == np.float32 for array in tensors.values())


def test_rewards_are_of_a_form():
    tensors: dict[str, np.ndarray] = {
        f"discriminator.{layer}.weight": np.eye(1, dtype=np.float32) for layer in range(3)
    }
    tensors |= {f"discriminator.{layer}.bias": np.zeros(1, np.float32) for layer in range(2)}
    tensors["discriminator.0.weight"] = np.zeros((1, 4), np.float32)
    tensors["discriminator.2.bias"] = np.array([math.log(3)], np.float32)  # D = 3/4 of everything
    tensors |= {"observation.mean": np.zeros(2, np.float32), "observation.scale": np.ones(2, np.float32)}
    tensors["tells_endings"] = np.ones(1, np.float32)
    rows = np.ones((5, 4), np.float32)
    np.testing.assert_allclose(dac.rewards(tensors, "note", rows), np.full(5, -math.log(1 / 4)), rtol=1e-6)
    np.testing.assert_allclose(dac.rewards(tensors, "log_d", rows), np.full(5, math.log(3 / 4)), rtol=1e-6)


@pytest.mark.slow
def test_with_the_interpolated_penalty_the_slope_between_the_sides_comes_near_what_is_asked_for():
    discriminator, data = judge(
        CONTINUOUS, rollouts=150, interpolated_penalty_weight=10.0, slope=0.5, learning_rate=3e-3, absorbing=False
    )
    policy = pairs.of_rollout(CONTINUOUS, data, 0.0).rows
    expert = pairs.of_demonstrations(CONTINUOUS, [demonstration(CONTINUOUS)], 0.0).rows
    middle = (discriminator._inputs(policy[:20]) + discriminator._inputs(expert[:20])) / 2
    assert 0.3 < np.linalg.norm(discriminator._pass(middle).slope(), axis=1).mean() < 0.7
