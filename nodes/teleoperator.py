"""An operator who drives a simulator: a person at a device, or a script in a person's place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from tutelage import Message
from tutelage.input.problems import Problem, Refusal
from tutelage.learning.draws import episode_seed
from tutelage.messages import Action, Begin, Closing, Observation, Order, Picture, Reward, Take, Transition
from tutelage.nodes.screens.choice import screen_of
from tutelage.tasks.task import Env, Task
from tutelage.teaching.devices.device import SESSION, OperatorCommand
from tutelage.teaching.operated import Operated
from tutelage.teaching.operators import Operator
from tutelage.teaching.seat import act
from tutelage.teaching.session import Session
from tutelage.teaching.teacher import LEARNER, Teacher
from tutelage.teaching.tempo import Tempo

ROBOT = (
    "this node drives simulators only: for a robot write run: nodes.robot_teleoperator:RobotTeleoperator, "
    "without own_clock, rate, speed and seed"
)


class Teleoperator(Operated):
    """Drives a simulator, which waits for each action; the operator keeps or discards each episode.

    It answers `rate` * `speed` times a second, with what the device says at that moment. The default rate is the task's
    own for a person, and as fast as possible for others. A scripted operator finishes when the `learner` has finished.

    Where no action of the task is neutral, a person's episode begins with their first key: nobody chose another action.

    A node ordered by arrival may answer differently after a restart, so it saves a checkpoint before it publishes a
    take, and shows the take as kept only then.

    `own_clock` must be empty: older run folders name it.
    """

    hears = (Observation, Transition)
    may_hear = (Reward, Picture, *LEARNER)
    seat: Teacher
    steerable = {"speed": (0.001, 1000.0)}
    says = (Action, Begin, Take, Closing, Order)  # orders are only recorded: a simulator obeys none

    def __init__(
        self,
        env: Env,
        operator: str = "keyboard",
        person: str = "",
        episodes: int = 0,
        least: int = 0,
        rate: float = 0.0,
        speed: float = 1.0,
        own_clock: bool | str | None = None,
        learner: bool | int = False,
        seed: int = 0,
        device: dict[str, Any] | None = None,
    ) -> None:
        if own_clock:
            raise Refusal([Problem("own_clock", ROBOT)])
        task, session = Task(env), Session(episodes, least)
        seated, seed_of = Operator(task, operator, person, device), partial(episode_seed, seed, 0)
        self.seat = Teacher(seated, session, SESSION, screen_of, bool(learner), seed_of, judged=True)
        self.tempo = Tempo(task, rate, speed, self.seat.device.person)
        session.notice = self.tempo.notice
        self.applied = task.spaces.nothing()  # the action of the last transition

    def steer(self, setting: str, value: float) -> None:
        self.tempo.change(value)
        self.seat.session.notice = self.tempo.notice

    def hear(self, message: Message) -> Iterator[Message]:
        match message:
            case Observation():
                if self.seat.pending:  # answered before a restart: the same answer again, as it was applied
                    yield act(self.seat.pending, self.applied)
                self.seat.see(message)
                self._join()
            case Transition():
                self.applied = message.action[-1]
                self.seat.step(message)
            case _:
                self.seat.watch(message)

    def due(self) -> float:
        return min(self.tempo.due, self.seat.next_look) if self._owes() else self.seat.next_look

    def tick(self) -> Iterator[Message]:
        now = time.monotonic()
        for command in self.look(now):
            yield from self._obey(command)
        if self._owes() and now >= self.tempo.due:
            yield from self._answer(now)
        self.done = self.done or self.seat.finished

    def _owes(self) -> bool:
        """Whether the simulator waits for an action, or for an episode to begin."""
        if self.seat.driven.begun:
            return self.seat.acts and not self.seat.waits
        return self.seat.pending is not None and self.seat.session.phase in ("ready", "driving")

    def _answer(self, now: float) -> Iterator[Message]:
        if not self.seat.driven.begun:
            self.seat.driven.first = self.seat.time[0] + 1
            yield self.seat.begin()
        elif action := self.seat.answer():
            self.tempo.step(now)
            yield action
        else:
            yield from self._obey("keep")

    def _obey(self, command: OperatorCommand) -> Iterator[Message]:
        yield from self.seat.obey(command)
        self._join()

    def _join(self) -> None:
        """Drives the episode that the simulator has begun by itself after the last one."""
        pending, driven = self.seat.pending, self.seat.driven
        if pending and pending.step == 0 and not driven.begun:
            driven.begun, driven.first = True, pending.rollout

    def finish(self) -> Iterator[Message]:
        yield from self.seat.leave(self.run_dir, self.unkept)
