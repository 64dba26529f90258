"""Checks a robot before anything moves: it uses only connect, read, stop and close."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tutelage.drivers.driver import Driver, DriverError
from tutelage.drivers.pace import Pace
from tutelage.drivers.robot import Robot, load

SECONDS = 2.0
YEAR = 3e7
"""in seconds"""


class Finding(NamedTuple):
    """One line of the doctor's report: `good` is None if it cannot be known; what is `absent` need not be there."""

    good: bool | None
    what: str
    absent: bool = False

    def __str__(self) -> str:
        said = "-" if self.absent else {True: "ok", False: "FAILED", None: "unknown"}[self.good]
        return f"{said:7} {self.what}"


def examine(path: Path) -> Iterator[Finding]:
    """The checks of a robot, one by one.

    Raises:
        Refusal: what is wrong with its file.
    """
    robot = load(path)
    start = "starts by itself" if robot.start == "automatic" else "an operator starts it"
    yield Finding(True, f"file: {path} describes {robot.task.env} at {robot.rate:g} Hz; {start}")
    yield from (port := list(_port(robot)))
    yield from _limits(robot)
    if any(finding.good is False for finding in port):
        return  # connecting would only repeat it
    try:
        robot.driver.connect()
        yield Finding(True, "connect: the device answers")
        yield from _connected(robot)
    except DriverError as error:
        yield Finding(False, f"device: {error}")


def _connected(robot: Robot) -> Iterator[Finding]:
    """Stops and reads a connected device. In the end it is stopped and closed, whatever it has answered."""
    try:
        robot.driver.stop()
        yield Finding(True, "stop: it goes into its safe state")
        yield from _readings(robot)
        yield _watchdog(robot.driver)
    except DriverError as error:
        yield Finding(False, f"device: {error}")
    finally:
        try:
            robot.driver.stop()
        finally:
            robot.driver.close()


def _port(robot: Robot) -> Iterator[Finding]:
    port = robot.parameters.get("port")
    if not isinstance(port, str) or not port.startswith("/"):
        return
    if not os.path.exists(port):
        yield Finding(False, f"port: there is no {port}: is it plugged in, and is this its name?")
    elif not os.access(port, os.R_OK | os.W_OK):
        yield Finding(False, f"port: {port} cannot be read and written by you: join the group that owns it")
    else:
        yield Finding(True, f"port: {port} may be read and written")


def _limits(robot: Robot) -> Iterator[Finding]:
    limits = robot.limits
    for i, channel in enumerate(robot.driver.accepts):
        measured = limits.measured[i]
        more = f", {limits.rate[i]:g} {channel.unit}/s" if np.isfinite(limits.rate[i]) else ""
        if measured >= 0:
            more += f", {limits.step[i]:g} {channel.unit} from {robot.driver.observes[measured].name}"
        yield Finding(True, f"limits: {channel.name} {limits.low[i]:g} to {limits.high[i]:g} {channel.unit}{more}")
    yield from _watches(robot)
    yield Finding(
        True, f"ages: applied up to {limits.apply / 1e6:g} ms, held up to {limits.hold / 1e6:g} ms, then stopped"
    )


def _watches(robot: Robot) -> Iterator[Finding]:
    """Which readings must not stay the same, and under which commands."""
    for i, channel in enumerate(robot.driver.observes):
        by = ", ".join(one.name for j, one in enumerate(robot.driver.accepts) if robot.limits.moves[j, i])
        seconds = robot.limits.stuck[i] / 1e9
        if not by:
            yield Finding(None, f"watch: {channel.name} is not watched: no command is said to move it")
        elif seconds > YEAR:
            yield Finding(None, f"watch: {channel.name} is not watched: its 'stuck' is 0")
        else:
            what = f"if {channel.name} stays the same for {1000 * seconds:g} ms while {by} is commanded"
            yield Finding(True, f"watch: {what}, the robot is stopped")


def _readings(robot: Robot) -> Iterator[Finding]:
    """Reads at the robot's rate for a while."""
    pace, took, values = Pace(robot.rate), [], []
    pace.begin(time.monotonic_ns())
    while pace.elapsed < SECONDS * 1e9:
        time.sleep(max(0, pace.deadline - time.monotonic_ns()) / 1e9)
        began = time.monotonic_ns()
        pace.keep(began)
        values.append(robot.driver.read().values)
        took.append((time.monotonic_ns() - began) / 1e6)
    late = f"{pace.missed} of {pace.ticks + pace.missed} deadlines missed"
    yield Finding(pace.missed == 0, f"rate: {pace.rate_mean:.2f} Hz of {robot.rate:g}, {late}")
    worst, half = max(took), 500 / robot.rate
    what = f"a reading takes {statistics.median(took):.2f} ms, at worst {worst:.2f} ms"
    yield Finding(worst < half, f"latency: {what}; good is below {half:g} ms, half a period")
    yield from _ranges(robot, np.array(values))


def _ranges(robot: Robot, values: np.ndarray) -> Iterator[Finding]:
    limits = robot.limits
    for i, channel in enumerate(robot.driver.observes):
        low, high = values[:, i].min(), values[:, i].max()
        inside = np.isfinite(values[:, i]).all() and limits.observed_low[i] <= low and high <= limits.observed_high[i]
        yield Finding(bool(inside), f"sensor: {channel.name} is {low:.4g} to {high:.4g} {channel.unit} at rest")


def _watchdog(driver: Driver) -> Finding:
    if driver.watchdog_seconds is None:
        what = "the driver states none: nothing stops the device when this computer fails"
        return Finding(None, f"watchdog: {what}")
    return Finding(
        True, f"watchdog: the device stops itself after {1000 * driver.watchdog_seconds:g} ms without a command"
    )
