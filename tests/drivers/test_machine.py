"""The rig's machine: gymnasium's equations, and one imperfection after the other."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest

from tutelage.drivers.rig.machine import PERFECT, Imperfections, Machine, MotorCommand
from tutelage.drivers.rig.plants import PLANTS, CartPole, Pendulum

RIGHT = MotorCommand("current", 0.5)


def moving(**imperfections: Any) -> Machine:
    """A cart-pole that was placed; of its imperfections only those named."""
    made = Machine(CartPole(), replace(PERFECT, **imperfections), 0.0)
    made.place(0)
    return made


@pytest.mark.parametrize("force", [-10.0, 3.0, 10.0])
def test_a_cart_pole_accelerates_as_gymnasiums_does(force: float) -> None:
    env: Any = gymnasium.make("CartPole-v1").unwrapped
    env.reset()
    env.tau, env.force_mag, env.kinematics_integrator = 1e-4, abs(force), "semi-implicit euler"
    plant = CartPole()
    plant.x, plant.v, plant.angle, plant.w = state = (0.1, -0.3, 0.05, 0.7)
    env.state = np.array(state)
    for _ in range(500):
        env.step(int(force > 0))
        plant.step(force, 1e-4)
    np.testing.assert_allclose([plant.x, plant.v, plant.angle, plant.w], env.state, rtol=1e-9)


def test_a_pendulum_accelerates_as_gymnasiums_does() -> None:
    env: Any = gymnasium.make("Pendulum-v1").unwrapped
    env.reset()
    env.dt = 1e-4
    plant = Pendulum()
    plant.angle, plant.w = state = (0.4, -1.0)
    env.state = np.array(state)
    for _ in range(1000):
        env.step(np.array([1.5]))
        plant.step(1.5, 1e-4)
    np.testing.assert_allclose([plant.angle, plant.w], env.state, rtol=1e-9)


@pytest.mark.parametrize("name", PLANTS)
def test_without_a_command_nothing_pushes(name: str) -> None:
    made = Machine(PLANTS[name](), Imperfections(), 0.0)
    made.advance(2.0)
    assert made.plant.positions[-1] == math.pi  # it hangs at rest
    assert made.watchdog_tripped is None


def test_a_hand_holds_the_pole_until_the_motor_is_told_to_move() -> None:
    made = moving()
    where = made.plant.positions
    assert 0 < abs(where[1]) < 0.05
    made.command(MotorCommand(), 0.0)
    made.advance(1.0)
    assert made.plant.positions == where
    made.command(RIGHT, 1.0)
    made.advance(1.1)
    assert made.plant.positions[0] > where[0] + 0.01


def test_the_same_seed_places_the_pole_alike_and_another_one_differently() -> None:
    made = moving()
    places = []
    for seed in (1, 1, 2):
        made.place(seed)
        places.append(made.plant.positions)
    assert places[0] == places[1] != places[2]


def test_motion_comes_after_the_command() -> None:
    made = moving(command_delay=0.010)
    made.command(RIGHT, 0.0)
    made.advance(0.0105)
    assert made.force == 0
    made.advance(0.0115)
    assert made.force == 0.5


def test_a_reading_is_of_a_moment_ago() -> None:
    made = moving(reading_delay=0.008)
    made.command(RIGHT, 0.0)
    seen, true = [], []
    for i in range(1, 31):
        made.advance(i / 1000 + 1e-6)
        seen.append(made.read().counts[0] / 2**24 / 2)
        true.append(made.plant.positions[0])
    np.testing.assert_allclose(seen[8:], true[:-8], atol=1e-7)
    assert seen[-1] < true[-1] - 1e-4


def test_force_is_limited_and_comes_in_steps() -> None:
    made = moving(force_resolution=0.01)
    assert made.command(MotorCommand("current", 0.1234), 0.0) == pytest.approx(0.12)
    assert made.command(MotorCommand("current", -7.0), 0.0) == -1.0


def test_dry_friction_holds_the_cart_against_less_force() -> None:
    plant = CartPole()
    plant.friction = 0.5
    for _ in range(1000):
        plant.step(0.4, 0.001)
    assert abs(plant.v) < 0.02
    plant.friction = 0.0
    for _ in range(1000):
        plant.step(0.4, 0.001)
    assert plant.v > 0.3


def test_velocity_is_a_difference_of_counts() -> None:
    made = moving(velocity_seconds=0.02, encoder_counts=4096)
    made.command(MotorCommand("current", 1.0), 0.0)
    made.advance(0.2)
    speed = made.read().speeds[0]
    assert speed * 0.02 == pytest.approx(round(speed * 0.02))
    true = made.plant.velocity * 2 * 4096
    assert 0.9 * true < speed < true  # it is late by half of the time


def test_the_cart_stops_at_the_end_of_its_track() -> None:
    made = moving()
    for i in range(30):
        made.command(MotorCommand("current", 1.0), i / 10)
        made.advance((i + 1) / 10)
    assert made.plant.positions[0] == 2.5


def test_the_watchdog_takes_the_force_away() -> None:
    made = moving(watchdog_seconds=0.25)
    made.command(RIGHT, 0.0)
    made.advance(0.245)
    assert made.force == 0.5
    made.advance(0.255)
    assert made.force == 0
    assert made.moved == pytest.approx(0.25, abs=0.0011)
    assert made.watchdog_tripped == pytest.approx(0.25, abs=0.0011)
    made.command(RIGHT, 0.3)
    made.advance(0.305)
    assert made.force == 0.5


@pytest.mark.parametrize("mode", ["velocity", "position"])
def test_the_motor_can_be_told_a_speed_or_a_place(mode: Any) -> None:
    made = Machine(CartPole(), replace(PERFECT, force_resolution=0.01), 0.0)
    for i in range(300):
        made.command(MotorCommand(mode, 0.3), i / 100)
        made.advance((i + 1) / 100)
        assert made.force * 100 == pytest.approx(round(made.force * 100))
    reached = made.plant.velocity if mode == "velocity" else made.plant.positions[0]
    assert reached == pytest.approx(0.3, abs=0.05)


def test_a_rig_is_off_by_what_was_said() -> None:
    from tutelage.drivers.rig.machine import machine

    plant: Any = machine(CartPole, Imperfections(), 0.0).plant
    assert plant.half_length == pytest.approx(0.55)
    assert plant.pole_mass == pytest.approx(0.11)
    assert plant.friction == pytest.approx(0.5)


def test_a_frozen_reading_stays_what_it_is_and_the_others_go_on() -> None:
    made = moving(reading_delay=0.0)
    made.command(RIGHT, 0.0)
    made.advance(0.1)
    before = made.read()
    for channel in (0, 3):  # the cart's position, the pole's speed
        made.freeze(channel)
    made.advance(0.2)
    after = made.read()
    assert (after.counts[0], after.speeds[1]) == (before.counts[0], before.speeds[1])
    assert after.counts[1] != before.counts[1] and after.speeds[0] != before.speeds[0]
    made.frozen.clear()
    assert made.read().counts[0] != before.counts[0]
    with pytest.raises(IndexError):
        made.freeze(4)


def test_who_stopped_it_first_is_told() -> None:
    made: Any = moving(watchdog_seconds=0.25)
    before = made.stops
    made.command(RIGHT, 0.0)
    made.advance(0.1)
    made.off()
    made.advance(0.5)
    assert (made.stopped_by, made.stops) == ("host", before + 1)
    made.command(RIGHT, 0.5)
    assert (made.stopped_by, made.stops) == (None, before + 1)
    made.advance(1.0)
    made.off()
    assert (made.stopped_by, made.stops) == ("watchdog", before + 2)
