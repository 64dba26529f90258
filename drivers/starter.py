"""Brings a robot to where an episode can begin."""

from __future__ import annotations

import time

from tutelage.drivers.driver import Reading
from tutelage.drivers.guard import MAY_MOVE, Guard, State
from tutelage.drivers.pace import Pace
from tutelage.drivers.robot import Robot
from tutelage.input.problems import Problem, Refusal

CONNECT_SECONDS = 10.0
"""How long a device that starts by itself may take to appear."""

READY_SECONDS = 2.0
"""How long after the robot was placed an episode must be able to begin, or it is placed again."""


class Starter:
    """Arms a robot when ordered; with `start: automatic` once by itself, and begins its episodes."""

    def __init__(self, robot: Robot, guard: Guard, pace: Pace) -> None:
        self.robot, self.guard, self.pace = robot, guard, pace
        self.by_itself = robot.start == "automatic"
        self.arms = self.by_itself  # it has yet to arm by itself
        self.places = 0  # how often it was placed
        self.placed = 0  # when it was last placed since an episode ended, in ns
        self._begun = time.monotonic_ns()

    def may_begin(self, reading: Reading | None, now: int) -> bool:
        """Whether the next episode begins by itself now; prepares it, one step a call.

        Raises:
            Refusal: the device has not appeared; the sentence says why.
        """
        if not self.by_itself:
            return False
        if self.arms:
            self._appear(now)
        elif self.guard.state is State.ARMED and now - self.placed > READY_SECONDS * 1e9:
            self._place()
        elif reading and self.guard.state is State.ARMED:
            return self.robot.task.ready(self.robot.observe(reading.values))
        return False

    def arm(self) -> None:
        """Arms it. Connecting may take long, so deadlines count from then on."""
        if self.guard.state not in MAY_MOVE:
            self.guard.arm(time.monotonic_ns())
            self.arms = self.arms and self.guard.state is not State.ARMED
            self.pace.begin(time.monotonic_ns())

    def stopped(self) -> None:
        """A stop was ordered, perhaps before there was a device: only a person arms it from now on."""
        self.arms = False

    def ended(self) -> None:
        """An episode has ended: before the next one the robot must be placed again."""
        self.placed = 0

    def _appear(self, now: int) -> None:
        self.arm()
        if self.arms and now - self._begun > CONNECT_SECONDS * 1e9:
            raise Refusal([Problem("robot", self.guard.reason)])

    def _place(self) -> None:
        """Moves the robot to where an episode begins, by its own routine if it has one, with a new seed each time."""
        self.guard.place(self.places)
        self.places += 1
        self.placed = time.monotonic_ns()
        self.pace.begin(self.placed)
