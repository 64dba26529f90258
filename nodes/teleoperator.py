"""An operator who drives: a person at a device, or what acts in a person's place."""

from __future__ import annotations

import getpass
import json
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from drivers.devices.device import ORDERS, SESSION, Command, Device, Moment
from learning.draws import episode_seed
from messages import (
    Action,
    Begin,
    Closing,
    Demonstration,
    Episode,
    Evaluation,
    Metrics,
    Observation,
    Order,
    Reward,
    Safety,
    Take,
    Timing,
    Transition,
    Withdrawal,
)
from nodes.cockpit import Cockpit
from nodes.driven import Driven
from nodes.operators import device_of
from nodes.progress import Progress
from nodes.session import OTHER, Session
from tutelage import Message, Node
from tutelage.message import values
from tutelage.problems import LaunchError, Problem
from tutelage.task import Env, Task

LOOK_SECONDS = 0.02
"""How often a device is asked what the operator wishes."""

HUMAN = -1
"""The version of no policy: who drives takes over from one."""

ENDLESS = (
    "'{}' never finishes by itself: say after how many kept episodes it does, episodes:=5 "
    "(teacher_episodes:=5 where it teaches)"
)

VERDICT = [field.name for field in Take.declared].index("verdict")


class Teleoperator(Node):
    """Answers what it observes when the time has come, with what the device says at that moment; judges each episode.

    A simulator waits for its answer: it goes at `rate` * `speed` steps a second, by default at the task's own rate for
    a person, as fast as it can for others. What has a clock of its own, a robot for one, is answered at once:
    `own_clock` says whether there is one, or names the robot's file.
    Where a `learner` learns meanwhile, an operator that is no person finishes when that has come to its end.
    It goes by arrival and by the clock. What it says freely is kept first, so that no take that was judged is lost.
    """

    hears = (Observation, Transition)
    may_hear = (Reward, Metrics, Evaluation, Episode, Demonstration, Withdrawal, Safety, Timing)
    says = (Action, Begin, Take, Closing, Order)
    order = "arrival"
    screen = True

    def __init__(
        self,
        env: Env,
        operator: str = "keyboard",
        person: str = "",
        episodes: int = 0,
        least: int = 0,
        rate: float = 0.0,
        speed: float = 1.0,
        own_clock: bool | str | None = False,
        learner: bool | int = False,
        seed: int = 0,
        device: dict[str, Any] | None = None,
    ) -> None:
        task = Task(env)
        self.env, self.spaces = task.given, task.spaces
        self.device = device_of(operator, task, device or {})
        if not (episodes or learner) and type(self.device).commands is Device.commands:
            raise LaunchError([Problem("teleoperator", ENDLESS.format(operator))])
        self.person = person or (getpass.getuser() if self.device.person else operator)
        self.period = 0.0 if own_clock else _period(task, rate, speed, self.device.person)
        self.own_clock, self.seed = bool(own_clock), seed
        slow = self.device.person and self.period
        pace = f"{1 / self.period:g} steps a second; speed:={2 * speed:g} is twice as fast" if slow else ""
        self.session, self.driven, self.progress = Session(episodes, least, notice=pace), Driven(), Progress()
        self.applied = self.spaces.nothing()  # by the last transition
        self.running = False  # the world is in the midst of an episode
        self.unanswered = False  # of which a robot has told only the beginning
        self.closed = False  # it has been said that no take follows
        self.learned = False  # the learner has come to its end
        self.last: Take | None = None  # the one that an undo is about
        self.seen: Observation | None = None
        self.pending: Observation | None = None  # the one that waits for an answer
        self.deadline = self.next_look = 0.0
        self.cockpit = Cockpit(
            task.env, self.device.name, self.device.help({**SESSION, **ORDERS} if own_clock else SESSION)
        )

    def hear(self, message: Message) -> Iterator[Message]:
        match message:
            case Observation():
                if self.pending and not self.own_clock:  # answered in a former life: said again, as it was
                    yield self._action(self.pending, self.applied)
                self.unanswered = self.own_clock and (self.unanswered or not self.running)
                self.seen = self.pending = message
                self.running = True
                self.driven.saw(message)
                self._take_up()
            case Transition():
                self.applied = message.action[-1]
                self.running = not (message.terminated[-1, 0] or message.truncated[-1, 0])
                if self.driven.add(message):
                    self.session.end(self.driven.length, self.driven.episode_return)
            case Reward():
                self.driven.earned(message)
            case Safety():
                self.progress.safety = message
            case Timing():
                self.progress.timing = message
            case Episode() if self.own_clock:  # the robot's word about what was driven here: it tells of no learner
                self.running = self.unanswered = False
            case _:
                self.learned = self.learned or (isinstance(message, Evaluation) and message.final)
                self.progress.hear(message, time.monotonic())

    def due(self) -> float:
        return min(self.deadline, self.next_look) if self._owes() else self.next_look

    def tick(self) -> Iterator[Message]:
        """Shows first: what was done at the last tick has been kept by now, so that what is acknowledged is safe."""
        now = time.monotonic()
        self._show(now)
        if now >= self.next_look:
            self.next_look = now + LOOK_SECONDS
            for command in self._wishes():
                yield from self._obey(command)
        if self._owes() and now >= self.deadline:
            yield from self._answer(now)
        self.done = self.done or (self.session.phase == "finished" and not self._learning())

    def _wishes(self) -> list[Command]:
        """What the operator wishes. One that is no person does not go on when nobody learns from it any more."""
        over: list[Command] = ["finish"] if self.learned and not self.device.person else []
        return [*self.device.commands(self._moment()), *over]

    def _show(self, now: float) -> None:
        if self.unkept:  # in place of `kept`, and it stays until the operator does something else
            self.session.notice = f"nothing can be kept, a verdict may be lost: {self.unkept}"
        self.cockpit.show(now, self.session, self.driven, self.seen, self.progress)

    def _owes(self) -> bool:
        """Whether an action is due, or the beginning of an episode."""
        if not self.driven.begun:
            driving = self.session.phase == "driving"
            return driving if self.own_clock else bool(self.pending) and (driving or self.session.phase == "ready")
        waits = self.pending is not None and self.pending.rollout >= self.driven.first
        return waits and self.session.phase == "driving"

    def _answer(self, now: float) -> Iterator[Message]:
        answered, self.pending = self.pending, None
        if not self.driven.begun and not (self.unanswered and answered):
            yield self._begin()
            return
        assert answered
        if not self.driven.begun:  # a robot that has begun by itself waits for its first answer
            self.driven.begun, self.driven.first = True, answered.rollout
        action = self.device.action(answered.observation[0], self._moment())
        if action is None:
            self.pending = answered
            yield from self._obey("keep")
            return
        self.deadline = max(self.deadline, now - self.period) + self.period
        self.driven.acted(answered)
        self.unanswered = False
        yield self._action(answered, self.spaces.from_task(action[None]))

    def _begin(self) -> Message:
        """Asks for another episode, which bears a later rollout than what runs."""
        at = (self.seen.rollout, self.seen.step) if self.seen else (-1, 0)
        self.driven.begun = True
        if not (self.own_clock and self.running):
            self.driven.first = at[0] + 1
        return Begin(max(0, at[0]), at[1], self.session.notice)

    def _action(self, to: Observation, action: np.ndarray) -> Message:
        return Action(to.rollout, to.step, action, np.zeros(1, np.float32), HUMAN)

    def _obey(self, command: Command) -> Iterator[Message]:
        if command in ORDERS:
            yield Order(max(0, self.seen.rollout if self.seen else 0), 0, command, f"by {self.person}")
            return
        made = self.session.obey(command, self.driven.length, self.driven.episode_return)
        if command == "go" and self.own_clock and not self.driven.length:
            self.driven.begun = False  # it could not begin when it was asked to: a robot that was not armed
        if made == "reversed" and self.last:
            fields = [*values(self.last)]
            fields[VERDICT] = OTHER[self.last.verdict]
            self.last = Take(*fields)
            yield self.last
        elif made:
            yield self._judged(made)
        if self.session.phase == "finished" and not self.closed:
            self.closed = True
            yield Closing(self.last.rollout if self.last else 0, 0, self.session.take, self.session.kept)

    def _judged(self, verdict: str) -> Message:
        """The running episode as a take; another takes its place."""
        seed = 0 if self.own_clock else episode_seed(self.seed, 0, self.driven.first)
        self.last = self.driven.take(self.session.take - 1, verdict, self.person, self.device.name, seed)
        self.driven = Driven(self.driven.captured)
        self._take_up()
        return self.last

    def _take_up(self) -> None:
        """A simulator begins the next episode by itself when one has ended."""
        if self.pending and self.pending.step == 0 and not self.driven.begun and not self.own_clock:
            self.driven.begun, self.driven.first = True, self.pending.rollout

    def _moment(self) -> Moment:
        return Moment(self.session.phase, self.session.take, self.driven.length)

    def _learning(self) -> bool:
        """Whether a learner is still at work: then the operator goes on seeing how it does."""
        return self.progress.began is not None and not self.learned

    def warn(self, sentences: list[str]) -> None:
        self.progress.warnings = sentences

    def interrupt(self) -> None:
        self.done = True

    def finish(self) -> Iterator[Message]:
        """Somebody may have asked for the end in the midst of an episode: it is kept in no way, but recorded."""
        self.device.close()
        if self.driven.length:
            self.session.take += 1
            yield self._judged("discarded")
        self.cockpit.due = 0.0  # how it ended is shown at any rate
        self._show(time.monotonic())
        if self.session.kept and self.progress.began is None and any(self.run_dir.glob("*.mcap")):
            print(f"learn from them: {_next_command(self.env, self.run_dir)}", flush=True)

    def state(self) -> dict[str, Any]:
        return {
            "session": self.session.state(),
            "driven": self.driven.state(),
            "running": self.running,
            "unanswered": self.unanswered,
            "closed": self.closed,
            "learned": self.learned,
            "last": list(values(self.last)) if self.last else [],
            "seen": list(values(self.seen)) if self.seen else [],
            "pending": list(values(self.pending)) if self.pending else [],
        }

    def load(self, state: dict[str, Any]) -> None:
        self.session.load(state["session"])
        self.driven.load(state["driven"])
        self.running, self.unanswered = state["running"], state["unanswered"]
        self.closed, self.learned = state["closed"], state["learned"]
        self.last = Take(*state["last"]) if state["last"] else None
        self.seen = Observation(*state["seen"]) if state["seen"] else None
        self.pending = Observation(*state["pending"]) if state["pending"] else None
        self.cockpit.canvas.clear()
        if self.device.person:
            self.session.come_back()


def _next_command(env: Env, run_dir: Path) -> str:
    """The command that learns from what was kept in a run."""
    named = env if isinstance(env, str) else shlex.quote(json.dumps(env))
    run = run_dir.relative_to(Path.cwd()) if run_dir.is_relative_to(Path.cwd()) else run_dir
    return f"python cli.py launch gail.yaml env:={named} demonstrations:={shlex.quote(str(run))}"


def _period(task: Task, rate: float, speed: float, person: bool) -> float:
    """Seconds between two steps; 0: as fast as it goes."""
    if rate < 0 or speed <= 0:
        raise LaunchError([Problem("teleoperator", f"rate is {rate}, speed {speed}: neither can be less than nothing")])
    if not rate:
        environment = task.make()
        rate = float(environment.metadata.get("render_fps", 30)) if person else 0.0
        environment.close()
    return 1 / (rate * speed) if rate else 0.0
