"""An operator who drives a robot: a person at a device, or a script in a person's place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from tutelage import Message
from tutelage.messages import Action, Begin, Closing, Episode, Observation, Order, Take, Transition
from tutelage.nodes.screens.choice import screen_of
from tutelage.tasks.task import Env, Task
from tutelage.teaching.devices.device import ORDERS, SESSION, OperatorCommand
from tutelage.teaching.operated import Operated
from tutelage.teaching.operators import Operator
from tutelage.teaching.seat import WATCHED
from tutelage.teaching.session import Session
from tutelage.teaching.teacher import LEARNER, Teacher


class RobotTeleoperator(Operated):
    """Drives a robot, which has a clock of its own; the operator keeps or discards each episode.

    It answers each observation at once, with what the device says at that moment, while the operator drives. The
    hardware's `rollout_steps` must be 1, so that each step is published when it is done. A scripted operator finishes
    when the `learner` has finished.

    A node ordered by arrival may answer differently after a restart, so it saves a checkpoint before it publishes a
    take, and shows the take as kept only then. Messages to the robot do not wait for that.
    """

    hears = (Observation, Transition)
    may_hear = (*WATCHED, *LEARNER)
    seat: Teacher
    says = (Action, Begin, Take, Closing, Order)
    keeps = ("running", "waiting")

    def __init__(
        self,
        env: Env,
        operator: str = "keyboard",
        person: str = "",
        episodes: int = 0,
        least: int = 0,
        learner: bool | int = False,
        device: dict[str, Any] | None = None,
    ) -> None:
        words, session = {**SESSION, **ORDERS}, Session(episodes, least)
        self.seat = Teacher(Operator(Task(env), operator, person, device), session, words, screen_of, bool(learner))
        self.running = False  # the robot is in an episode
        self.waiting = False  # it has begun an episode by itself, and waits for the first action

    def hear(self, message: Message) -> None:
        match message:
            case Observation():
                self.waiting = self.waiting or not self.running
                if self.seat.driven.begun and not (self.running or self.seat.driven.length):
                    self.seat.driven.first = message.rollout  # the first of the requested episode
                self.running = True
                self.seat.see(message)
            case Transition():
                self.running = not (message.terminated[-1, 0] or message.truncated[-1, 0])
                self.seat.step(message)
            case Episode():  # of the robot, not of a learner's policy: the screen shows no learner for it
                self.running = self.waiting = False
            case _:
                self.seat.watch(message)

    def due(self) -> float:
        return 0.0 if self._owes() else self.seat.next_look

    def tick(self) -> Iterator[Message]:
        for command in self.look(time.monotonic()):
            yield from self._obey(command)
        if self._owes():
            yield from self._answer()
        self.done = self.done or self.seat.finished

    def _owes(self) -> bool:
        """Whether an answer is due, or a request to begin an episode."""
        return self.seat.acts if self.seat.driven.begun else self.seat.drives and not self.seat.waits

    def _answer(self) -> Iterator[Message]:
        pending, driven = self.seat.pending, self.seat.driven
        if not driven.begun and not (self.waiting and pending):
            yield self.seat.begin()  # a robot that is in an episode ends it first
            return
        if not driven.begun and pending:  # the operator drives the episode that waits
            driven.begun, driven.first = True, pending.rollout
        if action := self.seat.answer():
            self.waiting = False
            yield action
        else:
            yield from self._obey("keep")

    def _obey(self, command: OperatorCommand) -> Iterator[Message]:
        yield from self.seat.obey(command)
        if command == "go" and not self.seat.driven.length:
            self.seat.driven.begun = False  # asks again: a robot that was not armed could not begin

    def finish(self) -> Iterator[Message]:
        yield from self.seat.leave(self.run_dir, self.unkept)
