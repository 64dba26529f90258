"""A plant behind a motor and encoders as one can buy them: late, coarse, and with a watchdog."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from tutelage.drivers.rig.plants import Plant

STEP_SECONDS = 0.001

Mode = Literal["current", "velocity", "position"]


@dataclass(frozen=True)
class Imperfections:
    """How a rig differs from its simulation. Times in seconds, the rest as fractions."""

    encoder_counts: float = 4096
    """a turn"""
    velocity_seconds: float = 0.02
    """velocity is the difference of the encoder's counts over this time"""
    command_delay: float = 0.010
    """from command to motion"""
    reading_delay: float = 0.008
    """from motion to reading"""
    friction: float = 0.05
    """dry friction, of the full force"""
    force_resolution: float = 0.01
    """of the full force"""
    length_error: float = 0.1
    mass_error: float = 0.1
    watchdog_seconds: float = 0.25
    """without a command for so long the motor goes to zero"""


PERFECT = Imperfections(2**24, STEP_SECONDS, 0, 0, 0, 1e-6, 0, 0)


class MotorCommand(NamedTuple):
    """A command to the motor: a fraction of full force, or units (a second) of its axis."""

    mode: Mode = "current"
    goal: float = 0.0


REST = MotorCommand()


class Reading(NamedTuple):
    """Counts and counts a second of each axis; the motor's force as a fraction of the full one."""

    counts: tuple[int, ...]
    speeds: tuple[float, ...]
    force: float


class Machine:
    """Time advances by `advance`, in steps of a millisecond; the same calls give the same motion.

    Attributes:
        stuck: axes whose encoder has stopped counting, and its count.
        frozen: readings that do not change any more, by their number: position and speed of each axis in turn.
        commanded: when the motor was last told something; infinite if never.
        moved: when the motor last gave a force; infinite if never.
        stopped_by: what cut the power first since the last command, `host` or `watchdog`; None: nothing has.
        stops: how often the host has cut it.
        watchdog_tripped: when the watchdog stopped the motor, or None if it has a command since.
        longest_leap: the longest time between two calls of `advance` since it was placed (its computer was busy).
        held: a hand holds the plant where it was placed, until the motor is first told to move.
    """

    def __init__(self, plant: Plant, imperfections: Imperfections, now: float) -> None:
        self.plant, self.imperfections = plant, imperfections
        plant.friction = imperfections.friction * plant.full_force
        self.time = now
        self.force = 0.0
        self.commanded = self.moved = math.inf
        self.watchdog_tripped: float | None = None
        self.longest_leap = 0.0
        self.held = False
        self.stuck: dict[int, int] = {}
        self.frozen: dict[int, float] = {}
        self.stopped_by: Literal["host", "watchdog"] | None = None
        self.stops = 0
        self._command = REST
        self._coming: deque[tuple[float, MotorCommand]] = deque()
        seconds = imperfections.reading_delay + imperfections.velocity_seconds
        self._past: deque[tuple[int, ...]] = deque(maxlen=round(seconds / STEP_SECONDS) + 1)
        self._past.append(self._counts())

    def command(self, command: MotorCommand, now: float) -> float:
        """Commands the motor from `now` plus the delay on; returns the goal as the motor rounds it."""
        if command.mode == "current":
            command = MotorCommand("current", self._quantised(command.goal))
        self.commanded, self.watchdog_tripped, self.stopped_by = now, None, None
        self.held = self.held and command.goal == 0
        self._coming.append((now + self.imperfections.command_delay, command))
        return command.goal

    def off(self, by: Literal["host", "watchdog"] = "host") -> None:
        """Cuts the motor's power at once."""
        self.stopped_by = self.stopped_by or by
        self.stops += by == "host"
        self._coming.clear()
        self._command, self.force = REST, 0.0

    def place(self, seed: int) -> None:
        """An operator puts the plant where an episode begins, and holds it."""
        self.off()
        self.plant.place(np.random.default_rng(seed))
        self.held, self.longest_leap = True, 0.0
        self._past.clear()
        self._past.append(self._counts())

    def read(self) -> Reading:
        """The encoders' values, which are late by the reading delay."""
        late = round(self.imperfections.reading_delay / STEP_SECONDS)
        newest = self._past[max(0, len(self._past) - 1 - late)]
        seconds = self.imperfections.velocity_seconds
        speeds = [(n - o) / seconds for n, o in zip(newest, self._past[0], strict=True)]
        counts = [self.frozen.get(2 * i, count) for i, count in enumerate(newest)]
        speeds = [self.frozen.get(2 * i + 1, speed) for i, speed in enumerate(speeds)]
        return Reading(tuple(map(int, counts)), tuple(speeds), self.force)

    def freeze(self, channel: int) -> None:
        """A reading (position, speed of each axis in turn) stays the same from now on."""
        reading = self.read()
        self.frozen[channel] = (reading.counts, reading.speeds)[channel % 2][channel // 2]

    def advance(self, now: float) -> None:
        """Advances to this time."""
        self.longest_leap = max(self.longest_leap, now - self.time)
        while self.time + STEP_SECONDS <= now:
            self._obey()
            if not self.held:
                self.plant.step(self.force * self.plant.full_force, STEP_SECONDS)
            self.time += STEP_SECONDS
            self._past.append(self._counts())
            if self.force:
                self.moved = self.time

    def _obey(self) -> None:
        if (
            self.watchdog_tripped is None
            and self.time + STEP_SECONDS - self.commanded > self.imperfections.watchdog_seconds
        ):
            self.watchdog_tripped = self.time
            self.off("watchdog")
        while self._coming and self._coming[0][0] <= self.time:
            self._command = self._coming.popleft()[1]
        self.force = self._quantised(self._wanted())

    def _wanted(self) -> float:
        """The force towards the goal, by the proportional control that every servo has."""
        mode, goal = self._command
        if mode == "velocity":
            return 2.0 * (goal - self.plant.velocity)
        if mode == "position":
            return 4.0 * (goal - self.plant.positions[0]) - 1.0 * self.plant.velocity
        return goal

    def _quantised(self, force: float) -> float:
        resolution = self.imperfections.force_resolution
        return max(-1.0, min(1.0, round(force / resolution) * resolution))

    def _counts(self) -> tuple[int, ...]:
        counts = self.imperfections.encoder_counts
        return tuple(
            self.stuck.get(i, math.floor((position * axis.turns_per_unit + axis.zero_turns) * counts))
            for i, (axis, position) in enumerate(zip(self.plant.axes, self.plant.positions, strict=True))
        )


def machine(kind: type[Plant], imperfections: Imperfections, now: float) -> Machine:
    """A machine of that kind, with the errors of mass and length."""
    plant = kind(1 + imperfections.length_error, 1 + imperfections.mass_error)  # type: ignore[call-arg]
    return Machine(plant, imperfections, now)
