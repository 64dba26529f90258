"""Admits an operator's kept takes to the learner: they become demonstrations that count from a stated rollout.

So a run in which a person teaches can be replayed exactly, though nobody could have predicted it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from tutelage import Message, Node
from tutelage.input.problems import Problem, Refusal
from tutelage.learning.draws import generator
from tutelage.learning.state_only import changes
from tutelage.message import Promise
from tutelage.messages import Closing, Demonstration, Episode, Take, Weights, Withdrawal


class Admission(Node):
    """For a learner that has no rollouts: the i-th change of its demonstrations is rollout i.

    With `state_only` the change of the observation takes the action's place. Of each take every `subsample`-th pair is
    shown. A `file` is refused: nobody drives it.
    """

    hears: ClassVar[tuple[type[Message], ...]] = (Take, Closing)
    says = (Demonstration, Withdrawal, Episode)
    order = "arrival"
    keeps: ClassVar[tuple[str, ...]] = ("rollout", "admitted", "withdrawn", "closed", "waiting")

    def __init__(self, state_only: bool = False, file: str | None = None, subsample: int = 1, seed: int = 0) -> None:
        if file:
            what = "a live operator shows instead of a file: leave live out, or name the file as operator:=FILE"
            raise Refusal([Problem("demonstrations", f"{what} (of a recorded run, its recording.mcap)")])
        self.state_only, self.subsample, self.seed = state_only, subsample, seed
        self.rollout = 0  # the first one without a promise
        self.waiting: list[Take] = []  # kept, not admitted yet
        self.admitted: list[int] = []  # numbers of takes
        self.withdrawn = 0  # how many admitted ones are to be taken back
        self.closed = False

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Take):
            self._judge(message)
        elif isinstance(message, Closing):
            self.closed = True
        yield from self.admit()
        self.done = self.done or self.over(message)

    def over(self, message: Message) -> bool:
        """Whether nothing is admitted after this message."""
        return self.closed

    def _judge(self, take: Take) -> None:
        """A take was kept, or a kept one is no longer so."""
        if take.verdict == "kept":
            self.waiting.append(take)
        elif take.take in self.admitted:
            self.admitted.remove(take.take)
            self.withdrawn += 1
        else:
            self.waiting = [one for one in self.waiting if one.take != take.take]

    def admit(self) -> Iterator[Message]:
        """Admits at once."""
        if self.waiting or self.withdrawn:
            yield from self.batch()
            self.rollout += 1
            yield Promise(self.rollout, 0)

    def batch(self) -> Iterator[Message]:
        """Everything that waits, for the next rollout. A withdrawn demonstration belongs to an earlier one."""
        if self.withdrawn:
            yield Withdrawal(self.rollout, 0, demonstrations=self.withdrawn)
        for take in self.waiting:
            shown = Demonstration(
                self.rollout,
                0,
                observation=take.observation,
                action=changes(take.observation) if self.state_only else take.action,
                terminated=take.terminated,
                truncated=take.truncated,
                operator=take.operator,
            ).thinned(self.subsample, generator(self.seed, "admission", take.take))
            yield shown
            yield shown.episode(len(self.admitted), take.seed, float(take.reward.sum()))
            self.admitted.append(take.take)
        self.waiting, self.withdrawn = [], 0

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        self.waiting = [Take(*fields) for fields in state["waiting"]]


class AdmissionByRollout(Admission):
    """For a learner that learns meanwhile: takes kept before rollout k was requested count from rollout k.

    The learner continues for `rollouts_each` rollouts after each demonstration, then waits for the next; when the
    operator has finished it continues to its end. It also waits while there is no demonstration.
    """

    hears = (Take, Closing, Weights)
    interruptible = True
    keeps = (*Admission.keeps, "asked", "limit")

    def __init__(
        self,
        rollouts_each: int = 8,
        state_only: bool = False,
        file: str | None = None,
        subsample: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__(state_only, file, subsample, seed)
        self.rollouts_each = rollouts_each
        self.asked = -1  # the last rollout for which the learner has published weights
        self.limit = 0  # the rollout that must wait for another demonstration

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Weights):
            self.asked = message.rollout
        yield from super().hear(message)

    def over(self, message: Message) -> bool:
        if self.closed and not (self.admitted or self.waiting):
            what = "the operator has finished and kept nothing: there is nothing to learn from"
            raise Refusal([Problem(self.name, what)])
        return isinstance(message, Weights) and message.stop

    def admit(self) -> Iterator[Message]:
        if self.asked < self.rollout or not (self.admitted or self.waiting):
            return
        if self.waiting or self.withdrawn:
            self.limit = self.rollout + self.rollouts_each
            yield from self.batch()
        following = self.asked + 1 if self.closed else min(self.asked + 1, self.limit)
        if following > self.rollout:
            self.rollout = following
            yield Promise(following, 0)

    def interrupt(self) -> None:
        self.done = bool(self.admitted)
