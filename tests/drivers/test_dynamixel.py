"""Dynamixel servos: the driver at a rig's servos, and the servos themselves as the maker's SDK sees them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.parts.rigs import RunningRig, running
from tutelage.drivers.driver import DriverError
from tutelage.drivers.dynamixel import ServoChannel
from tutelage.drivers.dynamixel_bus import (
    BUS_WATCHDOG,
    GOAL_CURRENT,
    GOAL_VELOCITY,
    OPERATING_MODE,
    TORQUE_ENABLE,
    Bus,
    Register,
)
from tutelage.drivers.port import STOP_SECONDS

TURNS = {"unit": "turn", "low": -100.0, "high": 100.0, "counts_per_unit": 4096, "id": 1}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[RunningRig]:
    with running("cartpole", "dynamixel", tmp_path) as rig:
        yield rig


@pytest.fixture
def bus(rig: RunningRig) -> Iterator[Bus]:
    bus = Bus(str(rig.link), 115_200, 0.5, 5.0)
    yield bus
    bus.close()


def test_counts_go_to_units_and_back() -> None:
    channel = ServoChannel("joint", "rad", -3, 3, 1, "position", counts_per_unit=1000, zero=2048, direction=-1)
    assert channel.counts(0.5) == 1548
    assert channel.value(1548) == 0.5
    assert channel.value(channel.counts(0.12345)) == pytest.approx(0.123)


def test_a_servo_that_is_not_there_is_named(rig: RunningRig) -> None:
    missing = {**TURNS, "name": "arm", "id": 7, "kind": "position"}
    other = rig.driver(observes=[missing], deadline_seconds=1.0)
    with pytest.raises(DriverError, match="servo 7 did not answer a ping"):
        other.connect()
    driver = rig.driver()
    driver.connect()  # the other one has let go of the port
    driver.close()


def test_a_port_that_is_not_there_or_taken_is_said(rig: RunningRig) -> None:
    with pytest.raises(DriverError, match="/nowhere: the serial port failed"):
        rig.driver(port="/nowhere").connect()
    first = rig.driver()
    first.connect()
    with pytest.raises(DriverError, match="the serial port failed"):
        rig.driver().connect()
    first.close()


def test_connecting_moves_nothing_and_a_stop_takes_the_torque_away(rig: RunningRig) -> None:
    driver = rig.driver()
    driver.connect()
    assert driver.bus.read_together([1])[1][BUS_WATCHDOG] == 12
    assert rig.tell("state")["commanded"] is None
    driver.write(np.array([2.0]))
    for _ in range(2):
        driver.stop()
        assert rig.tell("state")["force"] == 0
    driver.close()
    driver.stop()  # after close it has nothing to do


def test_a_silent_servo_does_not_keep_the_others_from_being_stopped_at_once(rig: RunningRig) -> None:
    driver = rig.driver(deadline_seconds=1.0, watchdog_seconds=2.5)
    driver.connect()
    while rig.tell("state")["force"] == 0:
        driver.write(np.array([2.0]))
    silent = ServoChannel("wrist", "rad", -3, 3, 0, "position", 1000)  # of a servo that has died since
    answering = driver._accepts
    driver._accepts = [silent, *answering, silent._replace(name="hand", id=7)]
    begun = time.monotonic()
    with pytest.raises(DriverError, match=r"servo 0 did not answer .*; .*servo 7 did not answer setting register 64"):
        driver.stop()
    state = rig.tell("state")
    assert state["force"] == 0
    assert state["moved"] - begun < STOP_SECONDS / 2  # the first one was waited for twice as long, as by its watchdog
    driver._accepts = answering
    driver.close()


def test_what_was_told_is_what_the_servo_can_take(rig: RunningRig) -> None:
    driver = rig.driver()
    driver.connect()
    assert driver.write(np.array([1.23456])) == pytest.approx(1.23)
    assert driver.write(np.array([1e9])) == pytest.approx(10)
    with pytest.raises(DriverError, match="the command is not finite:"):
        driver.write(np.array([np.nan]))
    driver.close()


@pytest.mark.parametrize(("kind", "goal"), [("velocity", 0.4), ("extended position", 0.3)])
def test_a_motor_can_be_told_a_speed_or_a_place(kind: str, goal: float, rig: RunningRig) -> None:
    per_unit = 60 / 0.229 if kind == "velocity" else 4096
    accepts: list[dict[str, Any]] = [{**TURNS, "name": "goal", "kind": kind, "counts_per_unit": per_unit}]
    driver = rig.driver(accepts=accepts, watchdog_seconds=2.0)
    driver.connect()
    for _ in range(75):
        assert driver.write(np.array([goal])) == pytest.approx(goal, abs=0.002)
        time.sleep(0.02)
    state = rig.tell("state")
    reached = state["velocity"] if kind == "velocity" else state["positions"][0]
    assert reached * 2 == pytest.approx(goal, abs=0.1)  # 2 turns a metre
    driver.close()


def test_a_servo_refuses_what_a_real_one_does(bus: Bus) -> None:
    bus.write(1, OPERATING_MODE, 0)
    bus.write(1, TORQUE_ENABLE, 1)
    for register, value, error in (
        (OPERATING_MODE, 1, 7),  # not while there is torque
        (Register(132, 4), 0, 7),  # nobody writes where it is
        (GOAL_CURRENT, 1001, 6),
        (BUS_WATCHDOG, 200, 4),
        (Register(98, 2), 5, 7),  # more bytes than the register has
    ):
        with pytest.raises(DriverError, match=f"refused setting register {register.address} .*error {error}$"):
            bus.write(1, register, value)


def test_a_header_inside_a_packet_arrives(bus: Bus) -> None:
    bus.write(1, GOAL_VELOCITY, 0x00FDFFFF)
    assert bus.read_together([1])[1][GOAL_VELOCITY] == 0x00FDFFFF


def test_a_silent_bus_trips_the_watchdog_which_refuses_goals_until_it_is_cleared(bus: Bus) -> None:
    bus.write(1, BUS_WATCHDOG, 1)
    time.sleep(0.1)
    assert bus.read_together([1])[1][BUS_WATCHDOG] == -1
    with pytest.raises(DriverError, match="error 4"):
        bus.write(1, GOAL_VELOCITY, 10)
    bus.write(1, BUS_WATCHDOG, 0)
    bus.write(1, GOAL_VELOCITY, 10)
