"""The randomised cart-pole: a task as others are, the same for the same seed, different from episode to episode."""

from __future__ import annotations

import numpy as np

from drivers.rig.environment import RANGES, randomised_cart_pole
from tasks.cart_pole import cart_pole
from tutelage.task import Task


def episode(seed: int, steps: int = 60) -> np.ndarray:
    environment = randomised_cart_pole()
    observations = [environment.reset(seed=seed)[0]]
    for _ in range(steps):
        observations.append(environment.step(np.int64(cart_pole(observations[-1])))[0])
    return np.array(observations)


def test_it_is_a_task_of_cart_poles_shape() -> None:
    spaces = Task("drivers.rig.environment:randomised_cart_pole").spaces
    assert (spaces.observation, spaces.action, spaces.discrete) == (4, 2, True)


def test_the_seed_decides_all() -> None:
    np.testing.assert_array_equal(episode(1), episode(1))
    assert np.abs(episode(1) - episode(2)).max() > 0.01


def test_every_episode_has_a_machine_of_its_own_within_the_ranges() -> None:
    environment = randomised_cart_pole()
    drawn = []
    for seed in range(50):
        environment.reset(seed=seed)
        drawn.append(environment.unwrapped.machine.imperfections)  # type: ignore[attr-defined]
    for name, (low, high) in RANGES.items():
        values = np.array([getattr(one, name) for one in drawn])
        assert low <= values.min() < low + 0.2 * (high - low)
        assert high - 0.2 * (high - low) < values.max() <= high


def test_it_ends_where_the_pole_has_fallen_or_the_time_is_over() -> None:
    environment = randomised_cart_pole()
    environment.reset(seed=0)
    steps = 0
    terminated = False
    while not terminated:
        _, reward, terminated, truncated, _ = environment.step(np.int64(1))
        steps += 1
        assert reward == 1
    assert steps < 60
    observation, _ = environment.reset(seed=0)
    for _ in range(500):
        observation, _, terminated, truncated, _ = environment.step(np.int64(cart_pole(observation)))
        assert not terminated
    assert truncated
