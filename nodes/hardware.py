"""A robot in the simulator's place: it subscribes and publishes alike, but its world does not wait for answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from tutelage import Message, Node
from tutelage.drivers.actuation import Actuation
from tutelage.drivers.diagnostics import Diagnostics
from tutelage.drivers.episodes import Episodes
from tutelage.drivers.guard import Guard, State
from tutelage.drivers.pace import Pace
from tutelage.drivers.robot import load
from tutelage.drivers.standstill import Standstill
from tutelage.drivers.starter import Starter
from tutelage.drivers.trail import Trail
from tutelage.input.problems import Problem, Refusal
from tutelage.messages import Action, Begin, Command, Episode, Observation, Order, Reward, Safety, Timing, Transition
from tutelage.tasks.task import Env

NO_TIME_LIMIT = (
    "its task's environment, {}, has no time limit: say in the task's class after how many steps an episode ends, "
    "episode_steps = NUMBER"
)

NO_OPERATOR = (
    "says start: operator (the default), but nobody here arms it and begins its episodes: say start: automatic in it, "
    "or let an operator do it (hardware.yaml operator:=keyboard, record.yaml)"
)


class Hardware(Node):
    """Publishes an observation every period, and writes each answer through the guard as soon as it comes.

    A step lasts from one deadline to the next. Its transition has the action that was in effect: a policy's as it was
    drawn, a person's as it was applied. Between episodes the device is in its safe state. The run ends when nobody acts
    any more, or after `seconds`. It fails when nothing has moved for `patience` seconds (0: it waits for ever), since
    nobody seems to be there who could arm the robot. `limit_scale` lowers the limits, and is the most while it runs.
    """

    hears = (Action,)
    may_hear = obeys = (Begin, Order)
    says = (Observation, Transition, Reward, Episode, Safety, Command, Timing)
    order = "arrival"
    clock = interruptible = realtime = True
    steerable, only_lowered = {"limit_scale": (0.01, 1.0)}, ("limit_scale",)

    def __init__(
        self,
        robot: str,
        env: Env | None = None,
        rollout_steps: int = 64,
        port: str = "",
        seconds: float = 0.0,
        episode_steps: int = 0,
        patience: float = 60.0,
        limit_scale: float = 1.0,
    ) -> None:
        self.file, self.robot = robot, load(Path(robot), env, port)
        most_steps = episode_steps or self.robot.task.episode_steps
        if not most_steps:
            raise Refusal([Problem(robot, NO_TIME_LIMIT.format(self.robot.task.env))])
        self.seconds, self.began = seconds, 0  # the run's length; when it began, in ns
        self.limit_scale, self.guard = limit_scale, Guard(self.robot.driver, self.robot.limits.scaled(limit_scale))
        self.pace, self.trail = Pace(self.robot.rate), Trail(rollout_steps)
        self.starter = Starter(self.robot, self.guard, self.pace)
        self.actuation = Actuation(self.robot, self.guard, self.pace, self.trail)
        self.episodes = Episodes(self.robot, self.guard, self.trail, self.starter, self.actuation, most_steps)
        self.standstill = Standstill(self.guard, self.trail, self.starter, patience)
        self.diagnostics = Diagnostics(self.guard, self.pace)

    def lacks(self, unsaid: frozenset[type[Message]]) -> None:
        if self.robot.start == "operator" and unsaid & {Begin, Order}:
            raise Refusal([Problem(self.file, NO_OPERATOR)])

    def steer(self, setting: str, value: float) -> None:
        self.guard.scale(value / self.limit_scale)

    def start(self) -> tuple[Message, ...]:
        self.began = time.monotonic_ns()
        for one in (self.pace, self.standstill, self.diagnostics):
            one.begin(self.began)
        return ()

    def due(self) -> float:
        return min(self.pace.deadline, self.guard.expires) / 1e9

    def hear(self, message: Message) -> Iterator[Message]:
        match message:
            case Action():
                yield from self.actuation.act(message)
            case Begin():
                yield from self.episodes.begin(message.reason)
            case Order():
                self._obey(message)
        yield from self.episodes.end_if_stopped(time.monotonic_ns())
        yield from self._news()

    def tick(self) -> Iterator[Message]:
        now = time.monotonic_ns()
        if now < self.pace.deadline:  # the guard's time has come: the last command is too old
            yield from self.actuation.age(now)
            yield from self.episodes.end_if_stopped(now)
            yield from self._news()
            return
        self.pace.keep(now)
        self.guard.insist()
        yield from self.episodes.tick(now)
        yield from self._news()
        self.standstill.check(self.actuation.actor, time.monotonic_ns())
        if self.seconds and now - self.began > self.seconds * 1e9:
            self._end()

    def _obey(self, message: Order) -> None:
        """Obeys an order. An unknown order is a stop."""
        match message.order:
            case "arm":
                self.starter.arm()
            case "disarm":
                self.starter.stopped()
                self.guard.disarm(f"ordered: {message.reason}")
            case "take over":
                self.actuation.take_over()
            case "give back":
                self.actuation.give_back()
            case _:
                self.starter.stopped()
                self.guard.stop(f"ordered to {message.order}: {message.reason}")

    def _news(self, last: bool = False) -> Iterator[Message]:
        return self.diagnostics.news(self.trail.time, self.actuation.refused, last)

    def _end(self) -> None:
        if self.guard.state is State.FAULT:
            raise Refusal([Problem("robot", f"the run's time is over, and it cannot be used: {self.guard.reason}")])
        self.done = True

    def interrupt(self) -> None:
        self.guard.disarm("the run was interrupted")
        self.done = True

    def finish(self) -> Iterator[Message]:
        self.guard.disarm("the run has ended")
        yield from self._news(last=True)

    def close(self) -> None:
        self.guard.close()
