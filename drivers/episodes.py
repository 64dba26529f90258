"""A robot's episodes: how each begins, its steps, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tutelage import Message
from tutelage.drivers.actuation import Actuation
from tutelage.drivers.guard import MAY_MOVE, Guard, State
from tutelage.drivers.robot import Robot
from tutelage.drivers.starter import Starter
from tutelage.drivers.trail import Trail
from tutelage.messages import Safety


class Episodes:
    """Logical time stands still between episodes, and in each until its first observation is answered.

    An episode ends where the task says so, after `most_steps`, or when the guard stops the device (truncated).
    """

    def __init__(
        self, robot: Robot, guard: Guard, trail: Trail, starter: Starter, actuation: Actuation, most_steps: int
    ) -> None:
        self.robot, self.guard, self.trail = robot, guard, trail
        self.starter, self.actuation, self.most_steps = starter, actuation, most_steps

    def tick(self, now: int) -> Iterator[Message]:
        """A period is over: the episode takes a step; if none is running, the next one may begin."""
        if self.trail.running:
            yield from self._step(now)
        elif self.starter.may_begin(self.guard.read(now), now):
            yield from self._begin("ready")

    def begin(self, reason: str) -> Iterator[Message]:
        """Begins an episode on request, and cuts off a running one. A robot that begins by itself is placed first."""
        if self.trail.running:
            yield from self._step(time.monotonic_ns(), cut=True)
        if not self.starter.by_itself or self.guard.state not in MAY_MOVE:
            yield from self._begin(reason)

    def end_if_stopped(self, now: int) -> Iterator[Message]:
        """Ends an episode that the guard has stopped at once, so that arming cannot revive it."""
        if self.trail.running and self.guard.state not in MAY_MOVE:
            yield from self._step(now, cut=True)

    def _step(self, now: int, cut: bool = False) -> Iterator[Message]:
        """Ends the step that began a period ago, and with it perhaps the episode."""
        reading = self.guard.read(now)
        if not (self.trail.answered or cut) and self.guard.state is State.ARMED:
            return
        yield from self.actuation.age(now)
        after = self.robot.observe(reading.values) if reading else self.trail.observation
        terminated = self.robot.task.terminated(after)
        cut = cut or self.guard.state not in MAY_MOVE
        truncated = cut or (not terminated and self.trail.length + 1 >= self.most_steps)
        reward = self.robot.reward(self.trail.observation, self.guard.applied)
        yield from self.trail.step(after, terminated, truncated, reward)
        if reading and not (terminated or truncated):
            yield self.trail.observe(after, reading.captured)
        else:
            self.guard.rest()
            self.starter.ended()
            yield self.trail.end(self.actuation.actor)

    def _begin(self, reason: str) -> Iterator[Message]:
        """Begins an episode if the device is armed and can be read, otherwise says why not."""
        reading = self.guard.read(time.monotonic_ns())
        if reading and self.guard.state is State.ARMED:
            yield self.trail.begin(self.robot.observe(reading.values), reading.captured)
        else:
            why = f"cannot begin ({reason}): {self.guard.reason}"
            yield Safety(*self.trail.time, state=self.guard.state.value, reason=why)
