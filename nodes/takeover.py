"""A person beside a policy that drives a robot: takes over, gives back, stops the robot and arms it again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tutelage import Message
from tutelage.drivers.robot import load
from tutelage.messages import (
    Action,
    Begin,
    Command,
    Episode,
    Observation,
    Order,
    Picture,
    Reward,
    Safety,
    Take,
    Timing,
    Transition,  # fmt: skip
)
from tutelage.nodes.screens.choice import screen_of
from tutelage.tasks.task import Task
from tutelage.teaching.devices.device import ORDERS, TAKEOVER, OperatorCommand
from tutelage.teaching.interventions import Interventions
from tutelage.teaching.operated import Operated
from tutelage.teaching.operators import Operator
from tutelage.teaching.seat import Seat
from tutelage.teaching.session import Session

PHASES = {"ready": "the policy drives", "driving": "YOU DRIVE"}


class Takeover(Operated):
    """Watches until the operator takes over; then answers each observation at once, with what the device says.

    The device begins with the last action, so that nothing jumps. What the operator drives is an intervention (a kept
    Take, its device `keyboard over policy`), from the first action that was applied until they give back. When the
    episode ends they give back, too, and may then discard it. `recorded` says whether interventions are recorded. The
    hardware's `rollout_steps` must be 1, so that each step is published when it is done.
    """

    hears = (Observation, Command, Transition, Episode, Safety)
    may_hear = (Reward, Timing, Picture)
    says = (Action, Begin, Order, Take)
    keeps = ("applied", "running", "interventions")

    def __init__(
        self,
        robot: str,
        operator: str = "keyboard",
        person: str = "",
        device: dict[str, Any] | None = None,
        recorded: bool = False,
    ) -> None:
        self.robot = load(Path(robot))
        session, task = Session(notice="the policy drives"), Task(self.robot.task.env)
        screen = partial(screen_of, phases=PHASES)
        self.seat = Seat(Operator(task, operator, person, device), session, TAKEOVER, screen)
        self.interventions = Interventions(self.seat, recorded)
        self.applied = task.spaces.nothing()  # the last action, of policy or operator
        self.running = False  # the robot is in an episode

    def hear(self, message: Message) -> Iterator[Message]:
        match message:
            case Observation():
                self.running = True
                self.seat.see(message)
                if self.seat.drives:
                    yield from self._answer()
            case Command():
                self._apply(message)
            case Transition():
                if self.seat.driven.add(message):
                    yield from self._give_back("the episode is over")
            case Episode():
                self.running = False
            case _:
                self.seat.watch(message)

    def _apply(self, message: Command) -> None:
        """Notes the applied action. The intervention begins with the operator's first one."""
        self.seat.guarded = message.reason or self.seat.guarded
        if message.applied.size:
            self.applied = self.robot.action(message.applied)[None]
            if message.actor == "human" and self.seat.drives:
                self.seat.driven.first = min(self.seat.driven.first, message.rollout)

    def due(self) -> float:
        return self.seat.next_look

    def tick(self) -> Iterator[Message]:
        for command in self.look(time.monotonic(), self.interventions.recorded):
            yield from self._obey(command)

    def _obey(self, command: OperatorCommand) -> Iterator[Message]:
        """Takes over or gives back; passes orders on.

        An order to arm also begins an episode if none is running; the policy drives unless the operator does.
        """
        if command == "go":
            yield from self._give_back("given back") if self.seat.drives else self._take_over()
        elif command == "discard":
            yield from self.interventions.discard()
        elif command == "finish":
            self.seat.session.notice = "Ctrl-C ends the run"
        elif command in ORDERS:
            self.seat.session.notice = f"{command}: ordered"
            yield self.seat.order(command)
            if command == "arm" and not self.seat.drives:
                yield self.seat.order("give back")
            if command == "arm" and not self.running:
                yield Begin(*self.seat.time, reason=f"by {self.seat.person}")

    def _take_over(self) -> Iterator[Message]:
        self.seat.session.phase, self.seat.session.notice = "driving", "you have taken over"
        self.seat.engage(self.applied)
        yield self.seat.order("take over")
        if self.seat.pending:
            yield from self._answer()

    def _give_back(self, why: str) -> Iterator[Message]:
        self.seat.session.phase = "ready"
        yield from self.interventions.end(why)
        yield self.seat.order("give back")

    def _answer(self) -> Iterator[Message]:
        action = self.seat.answer()
        yield from [action] if action else self._give_back("given back")

    def finish(self) -> Iterator[Message]:
        yield from self.interventions.end("the run has ended")
        self.seat.device.close()

    def load(self, state: dict[str, Any]) -> None:
        """An operator who was driving still drives: the robot obeys nobody else until they give back."""
        super().load(state)
        self.seat.session.notice = "the teleoperator was restarted; no kept intervention is lost"
        if self.seat.drives:
            self.seat.engage(self.applied)
