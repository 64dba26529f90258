"""The guard in front of every driver: the device is read, moved and stopped only through it.

It refuses a command of the wrong shape, not finite, too old, or while not armed, as if the command had not come.
Otherwise it writes the nearest command within all limits (drivers/limits.py): position, step from the measured value,
rate from the last applied one. The first command of a motion starts from a fresh reading, since the device may have
been placed, or moved by hand. If the limits leave no command, the guard stops the device. A command is as old as the
observation that it answers. Up to the first age it is applied; up to the second the last one is held, within the
limits; then comes a controlled stop, which latches until a person arms again. A reading that cannot be trusted is a
fault, one outside its limits a protective stop, one that is stuck under commands a controlled stop (drivers/stuck.py).
None of this is an emergency stop: that is a switch which cuts the power. The stop of a device that does not confirm it
is repeated each period (drivers/connection.py), without waiting. No clock, no thread: monotonic ns are passed in.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tutelage.drivers.connection import Connection
from tutelage.drivers.driver import Driver, DriverError, Reading
from tutelage.drivers.limits import Limits, Vector
from tutelage.drivers.readings import named, outside, unfit
from tutelage.drivers.stuck import Watch


class State(StrEnum):
    """The device is in its safe state in all states but MOVING."""

    DISARMED = "disarmed"
    ARMED = "armed"
    """at rest, and the next command moves it"""
    MOVING = "moving"
    """a command is in effect"""
    STOPPED = "stopped"
    """by a protective, controlled or ordered stop: latched until armed"""
    FAULT = "fault"
    """device or sensor cannot be trusted: latched until it can, and is armed"""


MAY_MOVE = (State.ARMED, State.MOVING)


class Decision(NamedTuple):
    """The outcome of a command: what the device was told (None: nothing), and why that differs from the request."""

    requested: Vector
    applied: Vector | None
    reason: str


class Guard:
    """A guarded driver.

    Attributes:
        state, reason: the guard's state, and why.
        stops: how often it has stopped or failed when it might have moved.
        reading: the last one that can be trusted.
        applied: what the device was told last, as the driver says.
    """

    def __init__(self, driver: Driver, limits: Limits) -> None:
        self._driver, self._device = driver, Connection(driver)
        self.limits, self._widest, self._watch = limits, limits, Watch(limits)
        self.state, self.reason, self.stops = State.DISARMED, "it was not armed yet", 0
        self.reading: Reading | None = None
        self.applied = self._start = limits.safe  # the rate counts from the second
        self._outside = ""  # which reading is outside its limits
        self._captured, self._written, self._rescaled = 0, 0, False

    def scale(self, scale: float) -> None:
        """Allows this fraction of its first limits. A command beyond them returns at once, as a stop would have it."""
        self.limits, self._rescaled = self._widest.scaled(scale), True
        self._watch.limit(self.limits)

    def arm(self, now: int) -> None:
        """Arms the device, if it can be connected and read and no sensor is stuck; at rest until the first command."""
        if self.state in MAY_MOVE:
            return
        if self.state is State.FAULT:
            self._device.let_go()
        try:
            self._device.open()
        except DriverError as error:
            self.fault(str(error))
            return
        if not self._taken(now):
            return
        self.state, self.reason = State.ARMED, ""
        if stuck := self._names(self._watch.stuck):
            why = f"{stuck} has not moved since it was found stuck: move it by hand, then arm again"
            self.state, self.reason = State.STOPPED, why
        self._settle()

    def read(self, now: int) -> Reading | None:
        """The newest reading; None if the device cannot be read or trusted, which is a fault."""
        return None if self.state is State.FAULT or not self._device.is_open else self._taken(now)

    def _taken(self, now: int) -> Reading | None:
        try:
            reading = self._driver.read()
        except DriverError as error:
            self.fault(str(error))
            return None
        if why := unfit(reading, self._driver.observes, self.limits, now):
            self.fault(why)
            return None
        self.reading = reading
        self._outside = outside(reading.values, self._driver.observes, self.limits)
        moving = self.state is State.MOVING
        self._watch.look(reading.values, self.applied if moving else None, now)
        if moving and self._outside:
            self.stop(f"protective stop: {self._outside}")
        elif moving and (stuck := self._names(self._watch.stuck)):
            self.stop(f"controlled stop: {stuck} stood still though commands should move it")
        return reading

    def command(self, requested: Vector, captured: int, now: int) -> Decision:
        """Applies an action's command, which answers the observation captured then."""
        if why := self._refusal(requested, captured, now) or self._unready(now):
            return Decision(requested, None, why)
        verdict = self._write(requested, "", now)
        if verdict.applied is not None:
            self.state, self._captured = State.MOVING, captured
        return verdict

    def tick(self, now: int) -> Decision | None:
        """Ages the last command: nothing at first, then it is held, then the guard stops the device."""
        age = now - self._captured
        if self.state is not State.MOVING or age <= self.limits.apply:
            return None
        if age <= self.limits.hold:
            return self._write(self.applied, f"held: no action since {_ms(age)} ago", now)
        self.stop(why := f"controlled stop: no action since {_ms(age)} ago")
        return Decision(self.applied, None, why)

    @property
    def expires(self) -> float:
        """When the last command becomes too old even to be held: the time of a `tick` that must not be late."""
        return self._captured + self.limits.hold + 1 if self.state is State.MOVING else math.inf

    def rest(self) -> None:
        """Ends a motion normally: into the safe state, still armed."""
        if self.state is State.MOVING and self._halt():
            self.state = State.ARMED
            self._settle()

    def place(self, seed: int) -> None:
        """Moves the robot to where an episode begins, by its own routine; only an armed device, at rest."""
        if self.state is not State.ARMED:
            return
        try:
            self._driver.place(seed)
        except DriverError as error:
            self.fault(str(error))

    def insist(self) -> None:
        """Repeats the stop of a device that has not confirmed it; call it each period."""
        if self.state is State.FAULT:
            self._device.insist()

    def disarm(self, reason: str) -> None:
        """Into the safe state, until it is armed. The first reason counts."""
        self._halt()
        if self.state not in (State.DISARMED, State.FAULT):
            self.state, self.reason = State.DISARMED, reason

    def stop(self, reason: str) -> None:
        """Into the safe state, latched, also before it is connected. A fault stays one, and the first reason counts."""
        may_move = self.state in MAY_MOVE
        self._halt()
        if self.state not in (State.STOPPED, State.FAULT):
            self.state, self.reason = State.STOPPED, reason
            self.stops += may_move

    def fault(self, reason: str) -> None:
        """Stops the device and disconnects: arming connects it again."""
        self._fail(reason)
        self._device.fail()

    def close(self) -> None:
        """Stops the device and closes it, whatever it answers, at the end of the run."""
        self.disarm("closed")
        while self.state is State.FAULT and self._device.is_open:
            self._device.insist()
        self._device.close()

    def _halt(self) -> bool:
        """Stops the device; returns whether it is connected and confirms it."""
        if (why := self._device.halt()) and self.state is not State.FAULT:
            self._fail(why)
        return self._device.is_open and not why

    def _fail(self, reason: str) -> None:
        self.stops += self.state in MAY_MOVE
        self.state, self.reason = State.FAULT, reason

    def _settle(self) -> None:
        """At rest: the next command starts from what is measured, or from the safe command."""
        self.applied = self._start = self.limits.at_rest(self.reading.values if self.reading else None)
        self._captured = self._written = 0

    def _unready(self, now: int) -> str:
        """Why a motion cannot begin from the device's position; empty if it can, or has begun."""
        if self.state is State.ARMED:
            if not self.read(now):
                return self.reason
            self._settle()
        return f"position: {self._outside}" if self._outside else ""

    def _names(self, chosen: NDArray[np.bool_]) -> str:
        return named(self._driver.observes, chosen) if chosen.any() else ""

    def _refusal(self, requested: Vector, captured: int, now: int) -> str:
        """Why a command is refused; empty if it is not."""
        age = now - captured
        if requested.shape != self.limits.low.shape:
            return f"shape: {list(requested.shape)} instead of {list(self.limits.low.shape)}"
        if not np.isfinite(requested).all():
            return "finite: it is not a number"
        if not 0 <= age <= self.limits.apply:
            return f"fresh: it answers an observation of {_ms(age)} ago"
        if captured < self._captured:
            return "fresh: a later observation has been answered"
        return "" if self.state in MAY_MOVE else f"armed: the device is {self.state}, for {self.reason}"

    def _write(self, requested: Vector, reason: str, now: int) -> Decision:
        """Writes the nearest command that the limits allow. If they allow none for a whole period it stops."""
        assert self.reading, "what is armed was read"
        measured, elapsed = self.limits.at_rest(self.reading.values), now - self._written
        start = self.limits.near(self._start, measured) if self._rescaled else self._start
        command, met = self.limits.nearest(requested, measured, start, elapsed)
        if command is None:
            if elapsed >= self.limits.period:
                self.stop(f"controlled stop: {met}")
            return Decision(requested, None, f"limits: {met}")
        try:
            self.applied = self._device.write(command)
        except DriverError as error:
            self.fault(str(error))
            return Decision(requested, None, str(error))
        self._start, self._written, self._rescaled = self.limits.within(self.applied), now, False
        return Decision(requested, self.applied, "; ".join(filter(None, (reason, met))))


def _ms(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:.0f} ms"
