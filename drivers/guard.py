"""What stands in front of every driver: the device is read, moved and stopped through here, or not at all.

A command is taken in this order. Refused where it is not right: shape, finite, fresh, armed. Else bounded: by the
position limits, by the step limit against what is measured, by the rate. What is refused counts as if it had not come.

A command answers an observation, and is as old as that. Up to the first age it is applied; up to the second the last
one is held; then comes a controlled stop, which latches until somebody arms again. A reading that cannot be trusted is
a fault, one outside its limits a protective stop. None of this is an emergency stop: that is a switch which cuts the
power.

No clock, no thread: the time is passed in, in nanoseconds of the monotonic clock.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drivers.driver import Driver, DriverError, Reading

Vector = NDArray[np.float64]

STIRRING = 0.1
"""A command this part of its range away from rest must change the readings, or the sensor is stuck."""


class State(StrEnum):
    """The device is in its safe state in all of them but MOVING."""

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


@dataclass(frozen=True)
class Limits:
    """What the robot's file allows; arrays by accepted channel unless they say otherwise."""

    low: Vector
    high: Vector
    step: Vector
    """how far a command may be from what is measured; inf: as far as it likes"""
    rate: Vector
    """units a second; inf: as fast as it likes"""
    safe: Vector
    """the command of the safe state, where the channel is not measured"""
    measured: NDArray[np.int64]
    """which observed channel measures it; -1: none does"""
    observed_low: Vector
    observed_high: Vector
    """[observes]"""
    period: int
    apply: int
    hold: int
    stuck: int
    """all in nanoseconds; `stuck` is how long readings may stay the same while commands should change them"""


class Verdict(NamedTuple):
    """What became of a command: what the device was told (None: nothing), and why that is not what was asked."""

    requested: Vector
    applied: Vector | None
    reason: str


class Guard:
    """A driver, guarded.

    Attributes:
        state, reason: where it is, and why.
        stops: how often it has stopped or failed when it might have moved.
        reading: the last one that can be trusted.
        applied: what the device was told last, as the driver says.
    """

    def __init__(self, driver: Driver, limits: Limits) -> None:
        self._driver, self.limits = driver, limits
        self.state, self.reason, self.stops = State.DISARMED, "it was not armed yet", 0
        self.reading: Reading | None = None
        self.applied = limits.safe
        self._connected = False
        self._outside = ""  # which reading is outside its limits
        self._captured = self._written = self._changed = 0

    def arm(self, now: int) -> None:
        """Lets it move, if it can be connected and read; it is at rest until the first command."""
        if self.state in MAY_MOVE:
            return
        try:
            if not self._connected:
                self._driver.connect()
                self._connected = True
            self._driver.stop()
        except DriverError as error:
            self.fault(str(error))
            return
        if self.read(now):
            self.state, self.reason = State.ARMED, ""
            self._settle()

    def read(self, now: int) -> Reading | None:
        """The newest reading; None where the device cannot be read, or not be trusted, which is a fault."""
        if not self._connected:
            return None
        try:
            reading = self._driver.read()
        except DriverError as error:
            self.fault(str(error))
            return None
        if why := self._unfit(reading, now) or self._stuck(reading, now):
            self.fault(why)
            return None
        self.reading = reading
        self._outside = self._beyond(reading.values)
        if self._outside and self.state is State.MOVING:
            self.stop(f"protective stop: {self._outside}")
        return reading

    def command(self, requested: Vector, captured: int, now: int) -> Verdict:
        """Applies what an action asks for, in answer to the observation that was captured then."""
        if why := self._refusal(requested, captured, now):
            return Verdict(requested, None, why)
        bounded, why = self._bounded(requested, now)
        if self.state is State.ARMED:
            self.state, self._changed = State.MOVING, now
        self._captured = captured
        return self._write(requested, bounded, why, now)

    def tick(self, now: int) -> Verdict | None:
        """What becomes of the last command as it grows old: nothing at first, then it is held, then it stops."""
        age = now - self._captured
        if self.state is not State.MOVING or age <= self.limits.apply:
            return None
        if age <= self.limits.hold:
            return self._write(self.applied, self.applied, f"held: no action since {_ms(age)} ago", now)
        why = f"controlled stop: no action since {_ms(age)} ago"
        last = self.applied
        self.stop(why)
        return Verdict(last, None, why)

    @property
    def expires(self) -> float:
        """When the last command becomes too old even to be held: the time of a `tick` that must not be late."""
        return self._captured + self.limits.hold + 1 if self.state is State.MOVING else math.inf

    def rest(self) -> None:
        """Ends a motion in good order: into the safe state, still armed."""
        if self.state is State.MOVING and self._halt():
            self.state = State.ARMED
            self._settle()

    def place(self, seed: int) -> None:
        """Has the robot's own routine put it where an episode begins; only an armed device, at rest."""
        if self.state is not State.ARMED:
            return
        try:
            self._driver.place(seed)
        except DriverError as error:
            self.fault(str(error))

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
        """Stops what can be stopped, and lets go of the device: arming connects it anew."""
        for verb in (self._driver.stop, self._driver.close) if self._connected else ():
            with contextlib.suppress(DriverError):
                verb()
        self.stops += self.state in MAY_MOVE
        self.state, self.reason, self._connected = State.FAULT, reason, False

    def close(self) -> None:
        """Stops the device and lets go of it, whatever it says."""
        self.disarm("closed")
        if self._connected:
            self._connected = False
            self._driver.close()

    def _halt(self) -> bool:
        """Stops the device; whether it is connected, and says that it did."""
        if not self._connected:
            return False
        try:
            self._driver.stop()
        except DriverError as error:
            self.fault(f"it could not be stopped: {error}")
        return self._connected

    def _settle(self) -> None:
        """At rest: the next command starts from what is measured, or from the safe command."""
        self.applied, self._captured, self._written = self._at_rest(), 0, 0

    def _at_rest(self) -> Vector:
        """The command that would leave everything as it is."""
        if self.reading is None:
            return self.limits.safe
        return np.where(self.limits.measured < 0, self.limits.safe, self.reading.values[self.limits.measured])

    def _unfit(self, reading: Reading, now: int) -> str:
        count = len(self._driver.observes)
        if reading.values.shape != (count,):
            return f"the driver read {list(reading.values.shape)} numbers instead of {count}"
        if not np.isfinite(reading.values).all():
            return f"the sensor of {self._names(~np.isfinite(reading.values))} gives no number"
        if now - reading.captured > self.limits.hold:
            return f"the newest reading is {_ms(now - reading.captured)} old"
        return ""

    def _stuck(self, reading: Reading, now: int) -> str:
        stirring = np.abs(self.applied - self._at_rest()) > STIRRING * (self.limits.high - self.limits.low) / 2
        same = self.reading is not None and np.array_equal(reading.values, self.reading.values)
        if not (same and self.state is State.MOVING and stirring.any()):
            self._changed = now
        if now - self._changed <= self.limits.stuck:
            return ""
        return f"the readings have not changed for {_ms(now - self._changed)} though the commands should change them"

    def _beyond(self, values: Vector) -> str:
        outside = (values < self.limits.observed_low) | (values > self.limits.observed_high)
        return f"{self._names(outside)} is outside its limits" if outside.any() else ""

    def _names(self, chosen: NDArray[np.bool_]) -> str:
        return ", ".join(channel.name for channel, one in zip(self._driver.observes, chosen, strict=True) if one)

    def _refusal(self, requested: Vector, captured: int, now: int) -> str:
        """Why a command is not taken at all; empty where it is."""
        age = now - captured
        if requested.shape != self.limits.low.shape:
            return f"shape: {list(requested.shape)} instead of {list(self.limits.low.shape)}"
        if not np.isfinite(requested).all():
            return "finite: it is no number"
        if not 0 <= age <= self.limits.apply:
            return f"fresh: it answers an observation of {_ms(age)} ago"
        if captured < self._captured:
            return "fresh: a later observation has been answered"
        if self.state not in MAY_MOVE:
            return f"armed: the device is {self.state}, for {self.reason}"
        return f"position: {self._outside}" if self._outside else ""

    def _bounded(self, requested: Vector, now: int) -> tuple[Vector, str]:
        """The nearest command within the limits, and which of them it met."""
        limits, measured = self.limits, self._at_rest()
        step = np.where(limits.measured < 0, np.inf, limits.step)
        reach = limits.rate * max(1, min(now - self._written, limits.period)) / 1e9
        within = np.clip(requested, limits.low, limits.high)
        near = np.clip(within, measured - step, measured + step)
        slow = np.clip(near, self.applied - reach, self.applied + reach)
        last = np.clip(slow, limits.low, limits.high)  # whatever was measured or applied before
        met = {"position": (requested != within) | (slow != last), "step": within != near, "rate": near != slow}
        names = [name for name, differs in met.items() if differs.any()]
        return last, f"limited: {', '.join(names)}" if names else ""

    def _write(self, requested: Vector, command: Vector, reason: str, now: int) -> Verdict:
        try:
            if not np.isfinite(command).all():
                raise DriverError(f"the limits have made {command.tolist()} of a command: look for what is no number")
            applied = np.asarray(self._driver.write(command), float)
            if applied.shape != command.shape or not np.isfinite(applied).all():
                raise DriverError(f"the driver says it applied {applied.tolist()} when told {command.tolist()}")
        except DriverError as error:
            self.fault(str(error))
            return Verdict(requested, None, str(error))
        self.applied, self._written = applied, now
        return Verdict(requested, applied, reason)


def _ms(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:.0f} ms"
