"""How a robot comes to where an episode can begin."""

from __future__ import annotations

import time

from tutelage.drivers.driver import Reading
from tutelage.drivers.guard import MAY_MOVE, Guard, State
from tutelage.drivers.pace import Pace
from tutelage.drivers.robot import Robot

CONNECT_SECONDS = 10.0
"""How long a device that starts by itself may take to appear."""

READY_SECONDS = 2.0
"""How long after the robot was placed an episode must be able to begin, or it is placed again."""


class Starter:
    """Arms a robot when told to; one whose file says so by itself, once, and begins its episodes."""

    def __init__(self, robot: Robot, guard: Guard, pace: Pace) -> None:
        self.robot, self.guard, self.pace = robot, guard, pace
        self.by_itself = robot.start == "automatic"
        self.arms = self.by_itself  # it is still to arm by itself
        self.places = 0  # how often it was placed
        self.placed = 0  # when that was last since an episode ended, in ns
        self._begun = time.monotonic_ns()

    def may_begin(self, reading: Reading | None, now: int) -> bool:
        """Whether the next episode is to begin by itself now; does what is needed for it, a step a call.

        Raises:
            RuntimeError: the device has not appeared; it says why.
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
        """Arms it. To connect may take long: deadlines are counted from then on."""
        if self.guard.state not in MAY_MOVE:
            self.guard.arm(time.monotonic_ns())
            self.arms = self.arms and self.guard.state is not State.ARMED
            self.pace.begin(time.monotonic_ns())

    def stopped(self) -> None:
        """Somebody has ordered it to stop, perhaps before there was a device: only a person arms it from now on."""
        self.arms = False

    def ended(self) -> None:
        """An episode has: before the next one it must be placed anew."""
        self.placed = 0

    def _appear(self, now: int) -> None:
        self.arm()
        if self.arms and now - self._begun > CONNECT_SECONDS * 1e9:
            raise RuntimeError(self.guard.reason)

    def _place(self) -> None:
        """Has the robot's own routine, where it has one, bring it to where an episode begins, each time another."""
        self.guard.place(self.places)
        self.places += 1
        self.placed = time.monotonic_ns()
        self.pace.begin(self.placed)
