"""Dynamixel servos of the X series (Protocol 2.0), through the maker's own SDK.

    observes:
      - {name: cart, unit: m, low: -2.4, high: 2.4, id: 1, kind: position, counts_per_unit: 8192}
      - {name: cart velocity, unit: m/s, low: -10, high: 10, id: 1, kind: velocity, counts_per_unit: 524.017}
    accepts:
      - {name: force, unit: N, low: -10, high: 10, id: 1, kind: current, counts_per_unit: 100}

Counts are the servo's: position 1/4096 turn, velocity 0.229 turns a minute, current about 2.7 mA. A servo's factory
setting of 57600 baud is too slow for 50 Hz: set it to 1 Mbaud.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tutelage.drivers import dynamixel_bus as bus
from tutelage.drivers.channels import channels
from tutelage.drivers.driver import Channel, ClosingDriver, DriverError, Reading
from tutelage.drivers.dynamixel_bus import Bus, Measured, Register
from tutelage.drivers.port import STOP_SECONDS
from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import installing

PRESENT = {"current": bus.PRESENT_CURRENT, "velocity": bus.PRESENT_VELOCITY, "position": bus.PRESENT_POSITION}
GOALS = {
    "current": (0, bus.GOAL_CURRENT),
    "velocity": (1, bus.GOAL_VELOCITY),
    "position": (3, bus.GOAL_POSITION),
    "extended position": (4, bus.GOAL_POSITION),
}
"""by kind of command: the operating mode, and the register"""

WATCHDOG_UNIT = 0.02
"""of the servos' bus watchdog, in seconds"""


class ServoChannel(NamedTuple):
    """A channel and its place on a servo: counts = zero + direction * counts_per_unit * value."""

    name: str
    unit: str
    low: float
    high: float
    id: int
    kind: str
    counts_per_unit: float
    zero: int = 0
    direction: int = 1

    def value(self, counts: int) -> float:
        return (counts - self.zero) / (self.direction * self.counts_per_unit)

    def counts(self, value: float) -> int:
        return self.zero + round(self.direction * self.counts_per_unit * value)


class Dynamixel(ClosingDriver):
    """Servos on one bus. They are without torque until the first command, and after a stop.

    A question that gets no answer within `reply_seconds` is asked again, until `deadline_seconds` are over. The servos'
    own bus watchdog stops them when the bus has been silent for `watchdog_seconds`, in steps of 0.02 up to 2.54.
    `place` names a register, as `{id: 1, address: 512}`, to which a robot's own routine for an episode's start listens.
    """

    needs = dict.fromkeys(("dynamixel_sdk", "serial"), installing("dynamixel"))

    def __init__(
        self,
        port: str,
        observes: list[dict[str, Any]],
        accepts: list[dict[str, Any]],
        baudrate: int = 1_000_000,
        reply_seconds: float = 0.015,
        deadline_seconds: float = 0.06,
        watchdog_seconds: float = 0.24,
        place: dict[str, int] | None = None,
    ) -> None:
        self._observes = _servos("observes", observes, PRESENT)
        self._accepts = _servos("accepts", accepts, GOALS)
        self.observes = tuple(Channel(*channel[:4]) for channel in self._observes)
        self.accepts = tuple(Channel(*channel[:4]) for channel in self._accepts)
        self._ids = sorted({channel.id for channel in self._observes + self._accepts})
        self._line = (port, baudrate, reply_seconds, deadline_seconds)
        self._watchdog, self._place = min(127, max(1, round(watchdog_seconds / WATCHDOG_UNIT))), place
        self.watchdog_seconds = self._watchdog * WATCHDOG_UNIT
        self._bus: Bus | None = None
        self._energised = False

    @property
    def bus(self) -> Bus:
        if self._bus is None:
            raise DriverError(f"{self._line[0]}: is not connected")
        return self._bus

    @property
    def questions(self) -> int:
        """How often readings were requested, with repetitions: on a bad line more often than there are readings."""
        return self.bus.questions

    def _open(self) -> None:
        self._bus = Bus(*self._line)
        for servo in self._ids:
            self.bus.ping(servo)
        for channel in self._accepts:
            self.bus.write(channel.id, bus.TORQUE_ENABLE, 0)
            self.bus.write(channel.id, bus.OPERATING_MODE, GOALS[channel.kind][0])
            self._arm(channel.id)

    def read(self) -> Reading:
        before = time.monotonic_ns()
        measured = self.bus.read_together(self._ids)
        captured = (before + time.monotonic_ns()) // 2
        for channel in self._accepts:
            if self._energised and measured[channel.id][bus.BUS_WATCHDOG] == bus.TRIPPED:
                raise DriverError(f"{self.bus.name}: servo {channel.id} stopped itself after silence: stop it first")
        values = [channel.value(measured[channel.id][PRESENT[channel.kind]]) for channel in self._observes]
        return Reading(np.array(values), captured)

    def write(self, command: NDArray[np.float64]) -> NDArray[np.float64]:
        if not np.isfinite(command).all():
            raise DriverError(f"{self.bus.name}: the command is not finite: {command.tolist()}")
        if not self._energised:
            self._energise()
        counts = [_told(channel, value) for channel, value in zip(self._accepts, command, strict=True)]
        told: dict[Register, dict[int, int]] = {}
        for channel, count in zip(self._accepts, counts, strict=True):
            told.setdefault(GOALS[channel.kind][1], {})[channel.id] = count
        for register, goals in told.items():
            self.bus.write_together(register, goals)
        return np.array([channel.value(count) for channel, count in zip(self._accepts, counts, strict=True)])

    def place(self, seed: int) -> None:
        """Moves the robot to where an episode begins, by its own routine.

        Raises:
            DriverError: it has none.
        """
        if self._place is None:
            raise DriverError(f"{self.bus.name}: has no register 'place': move the robot to its start by hand")
        self.stop()
        self.bus.write(self._place["id"], Register(self._place["address"], 2), seed % 2**16)

    def stop(self) -> None:
        """Tells all servos to stop at once, then checks each, whatever the others answer, with short waits."""
        if self._bus is None:
            return
        until = time.monotonic() + STOP_SECONDS
        self._energised = False
        moved, failures = sorted({channel.id for channel in self._accepts}), []
        try:
            self._bus.write_together(bus.TORQUE_ENABLE, dict.fromkeys(moved, 0))
        except DriverError as error:
            failures.append(str(error))
        for servo in moved:
            try:
                self._bus.write(servo, bus.TORQUE_ENABLE, 0, max(self._line[2], until - time.monotonic()))
            except DriverError as error:
                failures.append(str(error))
        if failures:
            raise DriverError("; ".join(dict.fromkeys(failures)))

    def _disconnect(self) -> None:
        if self._bus:
            self._bus.close()
        self._bus = None

    def _arm(self, servo: int) -> None:
        self.bus.write(servo, bus.BUS_WATCHDOG, 0)  # one that has tripped must be cleared first
        self.bus.write(servo, bus.BUS_WATCHDOG, self._watchdog)

    def _energise(self) -> None:
        """Torque on, at rest: no current, no speed, or where it is."""
        measured: dict[int, Measured] = self.bus.read_together(self._ids)
        for channel in self._accepts:
            mode, goal = GOALS[channel.kind]
            self._arm(channel.id)
            self.bus.write(channel.id, goal, measured[channel.id][bus.PRESENT_POSITION] if mode >= 3 else 0)
            self.bus.write(channel.id, bus.TORQUE_ENABLE, 1)
        self._energised = True


def _servos(key: str, entries: list[dict[str, Any]], kinds: Collection[str]) -> list[ServoChannel]:
    servos = channels(key, entries, ServoChannel, {"kind": kinds, "direction": (1, -1)})
    without = [i for i, servo in enumerate(servos) if not servo.counts_per_unit]
    if without:
        raise Refusal([Problem(f"{key}[{i}]", "its 'counts_per_unit' must not be 0") for i in without])
    return servos


def _told(channel: ServoChannel, value: float) -> int:
    """Counts within the channel's limits: a servo ignores a command beyond its own, and repeats the last one."""
    return GOALS[channel.kind][1].saturated(channel.counts(min(channel.high, max(channel.low, value))))
