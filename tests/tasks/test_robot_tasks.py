"""Robot tasks say what gymnasium's environments do."""

from typing import Any

import gymnasium
import numpy as np
import pytest

from tutelage.tasks.cart_pole import CartPole
from tutelage.tasks.pendulum import Pendulum


def test_cart_pole_is_the_simulators():
    environment, task, falls = gymnasium.make("CartPole-v1"), CartPole(), 0
    observation, _ = environment.reset(seed=0)
    for i in range(300):
        index = i // 3 % 2
        observation, reward, terminated, _, _ = environment.step(index)
        assert task.terminated(observation) == terminated
        assert task.reward(observation, task.command(np.array([index]))) == reward
        assert task.action(task.command(np.array([index]))) == index
        if terminated:
            observation, _ = environment.reset()
            assert task.ready(observation)
            falls += 1
    assert falls > 1
    assert (task.command(np.array([1])).tolist(), task.episode_steps) == ([10.0], 500)


def test_pendulum_is_the_simulators():
    environment, task = gymnasium.make("Pendulum-v1"), Pendulum()
    environment.reset(seed=0)
    inside: Any = environment.unwrapped
    for torque in np.linspace(-2, 2, 20, dtype=np.float32):
        before = task.observe(np.array(inside.state))
        acted = task.action(np.array([torque]))
        assert task.command(acted) == pytest.approx(torque)
        observation, reward, *_ = environment.step(np.array([torque]))
        assert task.observe(np.array(inside.state)) == pytest.approx(observation)
        assert task.reward(before, np.array([torque])) == pytest.approx(reward, rel=1e-5)
    assert task.episode_steps == 200
