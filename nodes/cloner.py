"""Behaviour cloning: demonstrations to weights, as they come, and to the end when all have come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tutelage import Message, Node
from tutelage.finite import FINITE, check_all
from tutelage.input.problems import Problem, Refusal
from tutelage.input.settings import chosen
from tutelage.learning.bc import BC, Settings
from tutelage.learning.draws import generator
from tutelage.messages import Demonstration, Metrics, Weights, Withdrawal
from tutelage.tasks.task import Env, Task
from tutelage.tensors import packed


class Cloner(Node):
    """Trains up to `epochs` epochs when all demonstrations have come.

    While a `live` operator still shows some it trains `epochs_each` epochs after each, so that they see it learn.

    It ends earlier when the held-out pairs have not been predicted better for `patience` epochs. There are no
    rollouts: its weights carry the number of the epoch instead.
    """

    hears = (Demonstration,)
    may_hear = (Withdrawal,)
    says = (Weights, Metrics)
    interruptible = True
    keeps = ("bc", "finishing", "final", "enough")

    def __init__(
        self,
        env: Env,
        seed: int = 0,
        epochs: int = 100,
        epochs_each: int = 3,
        patience: int = 20,
        live: bool = True,
        settings: dict[str, Any] | None = None,
    ) -> None:
        self.seed, self.epochs, self.patience = seed, epochs, patience
        self.epochs_each = epochs_each if live else 0
        try:
            self.bc = BC(Task(env).spaces.without_bounds, seed, chosen(Settings, settings))
        except ValueError as error:
            raise Refusal([Problem("settings", str(error))]) from error
        self.finishing = 0  # epochs since all demonstrations have come
        self.final = False  # the final weights have been published
        self.enough = False  # an early end was asked for

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Withdrawal):
            self.bc.remove(message.of(self.bc.demonstrations.since))
        elif isinstance(message, Demonstration):
            message.check(len(self.bc.demonstrations))
            self.bc.add(message)
        if self.epochs_each and self.bc.demonstrations:
            for _ in range(self.epochs_each):
                metrics = self._epoch()
            yield self._weights()
            yield Metrics(self.bc.epochs, 0, values=metrics)

    def finish(self) -> Iterator[Message]:
        if not self.bc.demonstrations and not self.enough:
            raise Refusal([Problem(self.name, "has no demonstrations: check that the teleoperator publishes some")])
        while self.bc.demonstrations and not self.final:
            metrics = self._epoch(self.finishing / self.epochs)
            self.finishing += 1
            self.final = self.enough or self.finishing >= self.epochs or self.bc.stale >= self.patience
            yield self._weights()
            yield Metrics(self.bc.epochs, 0, values=metrics)

    def _epoch(self, progress: float = 0.0) -> dict[str, float]:
        metrics = self.bc.epoch(generator(self.seed, "cloner", "epoch", self.bc.epochs), progress)
        check_all(f"epoch {self.bc.epochs}", metrics | self.bc.adam.state(), FINITE)
        return metrics

    def _weights(self) -> Message:
        epoch = self.bc.epochs
        tensors = packed(f"weights of epoch {epoch}", self.bc.tensors())
        return Weights(epoch, 0, epoch, tensors, environment_steps=0, stop=self.final, final=self.final)

    def interrupt(self) -> None:
        self.enough = self.done = True
