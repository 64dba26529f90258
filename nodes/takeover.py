"""A person beside a policy, at a robot: takes over, gives back, stops it and arms it again."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from drivers.devices.device import ORDERS, TAKEOVER, Moment
from drivers.devices.device import Command as Wish
from drivers.robot import load
from messages import Action, Begin, Command, Episode, Observation, Order, Reward, Safety, Take, Timing, Transition
from nodes.cockpit import Cockpit
from nodes.driven import Driven
from nodes.operators import device_of
from nodes.progress import Progress
from nodes.session import Session
from nodes.teleoperator import HUMAN, LOOK_SECONDS
from tutelage import Message, Node
from tutelage.message import values
from tutelage.task import Task

PHASES = {"ready": "the policy drives", "driving": "YOU DRIVE"}


class Takeover(Node):
    """Looks on until the operator takes over; from then on answers each observation at once, with what the device says.

    It begins with what was done last, so that nothing jumps. Each intervention, from the operator's first action that
    was applied until they give back or the episode ends, is a kept Take, its device `keyboard over policy`: what
    HG-DAgger learns from (Kelly et al. 2019). Whether takes are `recorded` it must be told, so that it does not say so
    where nobody does. The hardware's `rollout_steps` must be 1, so that each step is told as it is done.
    """

    hears = (Observation, Command, Transition, Episode, Safety)
    may_hear = (Reward, Timing)
    says = (Action, Begin, Order, Take)
    order = "arrival"
    screen = True

    def __init__(
        self,
        robot: str,
        operator: str = "keyboard",
        person: str = "",
        device: dict[str, Any] | None = None,
        recorded: bool = False,
    ) -> None:
        self.robot = load(Path(robot))
        task = Task(self.robot.task.env)
        self.spaces = task.spaces
        self.device = device_of(operator, task, device or {})
        self.recorded = recorded
        self.person = person or (getpass.getuser() if self.device.person else operator)
        self.session, self.driven, self.progress = Session(notice="the policy drives"), Driven(), Progress()
        self.applied = self.spaces.nothing()  # last, whoever acted
        self.seen: Observation | None = None
        self.owes = False  # it was not answered yet
        self.running = False  # an episode is
        self.next_look = 0.0
        self.cockpit = Cockpit(task.env, self.device.name, self.device.help(TAKEOVER), PHASES)

    @property
    def drives(self) -> bool:
        """Whether the operator does."""
        return self.session.phase == "driving"

    def hear(self, message: Message) -> Iterator[Message]:
        match message:
            case Observation():
                self.seen, self.owes, self.running = message, True, True
                self.driven.saw(message)
                if self.drives:
                    yield from self._answer(message)
            case Command():
                self._applied(message)
            case Transition():
                if self.driven.add(message):
                    yield from self._intervened("the episode is over")
            case Reward():
                self.driven.earned(message)
            case Episode():
                self.running = False
            case Safety():
                self.progress.safety = message
            case Timing():
                self.progress.timing = message

    def _applied(self, message: Command) -> None:
        """Something was: where it is the operator's first, the intervention begins with this step."""
        if message.applied.size:
            self.applied = self.robot.action(message.applied)[None]
            if message.actor == "human" and self.drives:
                self.driven.first = min(self.driven.first, message.rollout)

    def due(self) -> float:
        return self.next_look

    def tick(self) -> Iterator[Message]:
        """Shows first: what was done at the last tick has been kept by now, so that what is acknowledged is safe."""
        now = time.monotonic()
        if self.recorded and self.unkept:  # in place of `recorded`, until the operator does something else
            self.session.notice = f"nothing can be kept, an intervention may be lost: {self.unkept}"
        self.cockpit.show(now, self.session, self.driven, self.seen, self.progress)
        self.next_look = now + LOOK_SECONDS
        for command in self.device.commands(self._moment()):
            yield from self._obey(command)

    def _obey(self, command: Wish) -> Iterator[Message]:
        """Takes over or gives back; passes orders on.

        Who arms a robot has an episode begin where none runs, and lets the policy drive unless they do.
        """
        if command == "go" and not self.drives:
            yield from self._take_over()
        elif command == "go":
            yield from self._give_back()
        elif command in ORDERS:
            self.session.notice = f"{command}: ordered"
            yield self._order(command)
            if command == "arm" and not self.drives:
                yield self._order("give back")
            if command == "arm" and not self.running:
                yield Begin(*self._time(), f"by {self.person}")

    def _take_over(self) -> Iterator[Message]:
        self.session.phase, self.session.notice = "driving", "you have taken over"
        self._engage()
        yield self._order("take over")
        if self.seen and self.owes:
            yield from self._answer(self.seen)

    def _engage(self) -> None:
        self.device.engage(self.spaces.to_task(self.applied)[0])

    def _give_back(self) -> Iterator[Message]:
        self.session.phase = "ready"
        yield from self._intervened("given back")
        yield self._order("give back")

    def _answer(self, to: Observation) -> Iterator[Message]:
        action = self.device.action(to.observation[0], self._moment())
        if action is None:
            yield from self._give_back()
            return
        self.driven.acted(to)
        self.owes = False
        yield Action(to.rollout, to.step, self.spaces.from_task(action[None]), np.zeros(1, np.float32), HUMAN)

    def _intervened(self, why: str) -> Iterator[Message]:
        """What the operator has done since taking over, or since the episode began, as a take."""
        self.session.notice = why
        if self.driven.length:
            kept = "recorded" if self.recorded else "not recorded"
            self.session.notice = f"{why}; intervention {self.session.take}: {self.driven.length} steps, {kept}"
            device = f"{self.device.name} over policy"
            yield self.driven.take(self.session.take, "kept", self.person, device, seed=0)
            self.session.take, self.session.kept = self.session.take + 1, self.session.kept + self.recorded
        self.driven = Driven(self.driven.captured)

    def _order(self, order: str) -> Message:
        return Order(*self._time(), order, f"by {self.person}")

    def _time(self) -> tuple[int, int]:
        """Of what was seen last."""
        return (self.seen.rollout, self.seen.step) if self.seen else (0, 0)

    def _moment(self) -> Moment:
        return Moment(self.session.phase, self.session.take, self.driven.length)

    def warn(self, sentences: list[str]) -> None:
        self.progress.warnings = sentences

    def interrupt(self) -> None:
        self.done = True

    def finish(self) -> Iterator[Message]:
        yield from self._intervened("the run has ended")
        self.device.close()

    def state(self) -> dict[str, Any]:
        return {
            "session": self.session.state(),
            "driven": self.driven.state(),
            "applied": self.applied,
            "owes": self.owes,
            "running": self.running,
            "seen": list(values(self.seen)) if self.seen else [],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Who drove still does: the robot heeds nobody else until they give back, and has stopped if it took long."""
        self.session.load(state["session"])
        self.driven.load(state["driven"])
        self.applied, self.owes, self.running = state["applied"], state["owes"], state["running"]
        self.seen = Observation(*state["seen"]) if state["seen"] else None
        self.session.notice = "the teleoperator was started again; nothing that was kept is lost"
        self.cockpit.canvas.clear()
        if self.drives:
            self._engage()
