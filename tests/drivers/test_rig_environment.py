"""The randomised cart-pole: a task as others are, the same for the same seed, different from episode to episode."""

from __future__ import annotations

from itertools import islice

import numpy as np

from tutelage.drivers.rig.environment import RANGES, randomised_cart_pole
from tutelage.tasks.cart_pole import cart_pole
from tutelage.tasks.playing import episode, observations
from tutelage.tasks.task import Task


def seen(seed: int) -> np.ndarray:
    """The observations of 60 steps."""
    return observations(list(islice(episode(randomised_cart_pole(), cart_pole, seed), 60)))


def test_it_is_a_task_of_cart_poles_shape() -> None:
    spaces = Task("drivers.rig.environment:randomised_cart_pole").spaces
    assert (spaces.observation, spaces.action, spaces.discrete) == (4, 2, True)


def test_the_seed_decides_all() -> None:
    np.testing.assert_array_equal(seen(1), seen(1))
    assert np.abs(seen(1) - seen(2)).max() > 0.01


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
    fallen = list(episode(randomised_cart_pole(), lambda _: 1, seed=0))
    assert len(fallen) < 60 and fallen[-1].terminated and {step.reward for step in fallen} == {1}
    stood = list(episode(randomised_cart_pole(), cart_pole, seed=0))
    assert len(stood) == 500 and stood[-1].truncated and not stood[-1].terminated
