"""The scripted operators do their tasks well: mean and worst return over many seeds."""

from typing import Any

import gymnasium
import numpy as np
import pytest

from drivers.scripted import OPERATORS, Operator

BOUNDS = {  # episodes, least mean return, least return
    "Acrobot-v1": (100, -90, -200),
    "CartPole-v1": (100, 500, 500),
    "MountainCar-v0": (20, -105, -120),
    "MountainCarContinuous-v0": (100, 94, 90),
    "Pendulum-v1": (100, -150, -400),
}


def test_every_operator_is_measured():
    assert BOUNDS.keys() == OPERATORS.keys()


@pytest.mark.parametrize("env", OPERATORS)
def test_an_operator_does_its_task(env):
    episodes, mean, least = BOUNDS[env]
    environment = gymnasium.make(env)
    returns = np.array([episode_return(environment, OPERATORS[env], seed) for seed in range(episodes)])
    environment.close()
    assert returns.mean() >= mean
    assert returns.min() >= least


def episode_return(environment: Any, operator: Operator, seed: int) -> float:
    observation, _ = environment.reset(seed=seed)
    total, over = 0.0, False
    while not over:
        action = operator(observation)
        assert environment.action_space.contains(action)
        observation, reward, terminated, truncated, _ = environment.step(action)
        total, over = total + float(reward), terminated or truncated
    return total
