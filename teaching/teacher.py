"""A seat for demonstrations: the operator starts each episode, and keeps or discards it."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tutelage import Message
from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import from_here, program
from tutelage.messages import Begin, Closing, Demonstration, Episode, Evaluation, Metrics, Take, Transition, Withdrawal
from tutelage.tasks.recommendation import imitator
from tutelage.tasks.task import Env
from tutelage.teaching.devices.device import ORDERS, Device, OperatorCommand, Words
from tutelage.teaching.operators import Operator
from tutelage.teaching.seat import WATCHED, Screen, Seat
from tutelage.teaching.session import Session, Verdict
from tutelage.teaching.worth import FEW, Worth

LEARNER = (Metrics, Evaluation, Episode, Demonstration, Withdrawal)
"""Messages that show a learner's progress."""

ENDLESS = (
    "'{}' never finishes by itself: say after how many kept episodes it does, episodes:=5 "
    "(kept_episodes:=5 in launch files that learn)"
)


FIRST_KEY = "drive: episode {} begins with your first key"


class Teacher(Seat):
    """An operator who demonstrates episodes, perhaps while a learner learns.

    Attributes:
        kept: the return of each kept take, by its number.
        last: the last take, which `undo` reverses.
        closed: whether `Closing` was published.
        learned: whether the learner has finished.
    """

    at_risk = "a verdict"
    keeps = (*Seat.keeps, "kept", "last", "closed", "learned")

    def __init__(
        self,
        operator: Operator,
        session: Session,
        words: Words,
        screen: Callable[[str, Device, Words], Screen],
        learner: bool,
        seed_of: Callable[[int], int] = lambda rollout: 0,
        judged: bool = False,
    ) -> None:
        """Seats a teacher.

        Args:
            learner: whether a learner learns meanwhile.
            seed_of: the seed of the episode that begins with a rollout; a robot's episodes have none.
            judged: whether a person is told which takes are not worth learning from; a robot's returns are unknown.

        Raises:
            Refusal: as a Seat's; or the operator would never finish.
        """
        super().__init__(operator, session, words, screen)
        if not (session.episodes or learner) and type(self.device).commands is Device.commands:
            raise Refusal([Problem("operator", ENDLESS.format(operator.name))])
        self.task, self.seed_of = operator.task, seed_of
        self.worth = Worth(operator.task) if judged and self.device.person else None
        self.kept: dict[int, float] = {}
        self.last: Take | None = None
        self.closed = self.learned = False

    @property
    def finished(self) -> bool:
        """Whether the session is over, and no learner still works that the operator could watch."""
        learning = self.progress.began is not None and not self.learned
        return self.session.phase == "finished" and not learning

    @property
    def acts(self) -> bool:
        """Whether an action is due in the running episode."""
        return self.drives and self.pending is not None and self.pending.rollout >= self.driven.first

    def watch(self, message: Message) -> None:
        """Notes a reward, or the state of a robot or a learner."""
        if isinstance(message, WATCHED):
            super().watch(message)
            return
        self.learned = self.learned or (isinstance(message, Evaluation) and message.final)
        self.progress.hear(message, time.monotonic())

    def step(self, message: Transition) -> None:
        """Adds the operator's steps; the episode may have ended with them."""
        if self.driven.add(message):
            self.session.end(self.driven.length, self.driven.episode_return)

    def commands(self) -> list[OperatorCommand]:
        """As a Seat's. A scripted operator finishes when the learner has finished."""
        given = super().commands()
        return [*given, "finish"] if self.learned and not self.device.person else given

    def answer(self) -> Message | None:
        """As a Seat's. The first answer of an episode ends the wait for it."""
        self.session.notice = self._begun
        return super().answer()

    @property
    def _begun(self) -> str:
        """The last notice; in place of the one that asks for a first key, that the episode begins."""
        session = self.session
        return f"episode {session.take} begins" if session.notice == FIRST_KEY.format(session.take) else session.notice

    def begin(self) -> Message:
        """Requests another episode, in place of the pending answer."""
        self.pending, self.driven.begun = None, True
        return Begin(*self.time, reason=self._begun)

    def obey(self, command: OperatorCommand) -> Iterator[Message]:
        """Obeys the operator, and yields the messages that follow: an order, a take, the end of the session."""
        if command in ORDERS:
            yield self.order(command)
            return
        if command == "finish" and self.device.person and self.driven.length and self.session.phase != "over":
            self.session.notice = f"episode {self.session.take} is running: keep or discard it first"
            return
        made = self.session.obey(command, self.driven.length, self.driven.episode_return)
        if command == "go" and self.waits:
            self.session.notice = FIRST_KEY.format(self.session.take)
        if made == "reversed" and self.last:
            self.last = self.last.reversed()
            self._note(self.last)
            yield self.last
        elif made == "kept" or made == "discarded":
            yield self._judged(made)
        if self.session.phase == "finished" and not self.closed:
            self.closed = True
            yield Closing(self.last.rollout if self.last else 0, 0, takes=self.session.take, kept=self.session.kept)

    def _judged(self, verdict: Verdict) -> Take:
        """The running episode as a take; another episode follows."""
        seed = self.seed_of(self.driven.first)
        self.last = self.driven.take(self.session.take - 1, verdict, self.person, self.device.name, seed)
        self._note(self.last)
        self.start_over()
        return self.last

    def _note(self, take: Take) -> None:
        """Notes the return of a kept take, and warns of one that is not worth learning from."""
        self.kept.pop(take.take, None)
        if take.verdict == "kept":
            self.kept[take.take] = reached = float(take.reward.sum())
            if self.worth and (warning := self.worth.warning(reached)):
                self.session.notice += f"; {warning}"

    def leave(self, run_dir: Path, unkept: str) -> Iterator[Message]:
        """Ends the session: discards a running episode, shows the last notice and the command that learns."""
        self.device.close()
        if self.driven.length:
            self.session.take += 1
            yield self._judged("discarded")
        self.screen.due = 0.0  # the end is shown even if it is not time yet
        self.show(time.monotonic(), unkept)
        if self.session.kept and self.progress.began is None and any(run_dir.glob("*.mcap")):
            run = from_here(run_dir)
            if self.worth:
                print(self.worth.summary(self.kept, shlex.quote(str(run))))
            good = self.worth.good(self.kept) if self.worth else FEW
            if good:
                best = imitator(self.task)
                file = "bc" if best == "gail" and good < FEW else best
                print(f"learn from them: {_next_command(f'{file}.yaml', self.task.given, run)}", flush=True)

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        self.last = Take(*state["last"]) if state["last"] else None
        self.progress.recall(self.kept.values())
        if self.device.person:
            self.session.come_back()
        if self.driven.length and self.device.waits():
            self.engage(self.driven.rows[-1][1])  # what was chosen last, not what nobody chose


def _next_command(file: str, env: Env, run: Path) -> str:
    """The command that learns from the kept takes of a run."""
    named = env if isinstance(env, str) else shlex.quote(json.dumps(env))
    return f"{program()} launch {file} env:={named} demonstrations:={shlex.quote(str(run))}"
