"""Demonstrations straight to weights: behaviour cloning, while they are being shown and to the end afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from safetensors.numpy import save

from tutelage import Message, Node
from tutelage.finite import FINITE, check_all
from tutelage.input.problems import Problem, Refusal
from tutelage.input.settings import chosen
from tutelage.learning.bc import BC, Settings
from tutelage.learning.draws import generator
from tutelage.learning.rollout import Demonstration as Example
from tutelage.learning.rollout import Spaces
from tutelage.messages import Demonstration, Metrics, Weights, Withdrawal
from tutelage.tasks.task import Env, Task


class Cloner(Node):
    """Trains `epochs_each` epochs on each demonstration that comes; when all are there, up to `epochs` more.

    It ends before that when the held-out pairs have not been predicted better for `patience` epochs. There are no
    rollouts: its weights bear the number of the epoch in their place.
    """

    hears = (Demonstration,)
    may_hear = (Withdrawal,)
    says = (Weights, Metrics)
    interruptible = True
    keeps = ("bc", "since", "finishing", "final", "enough")

    def __init__(
        self,
        env: Env,
        seed: int = 0,
        epochs: int = 100,
        epochs_each: int = 3,
        patience: int = 20,
        settings: dict[str, Any] | None = None,
    ) -> None:
        self.seed, self.epochs, self.epochs_each, self.patience = seed, epochs, epochs_each, patience
        try:
            self.bc = BC(Spaces(*Task(env).spaces[:3]), seed, chosen(Settings, settings))
        except ValueError as error:
            raise Refusal([Problem("settings", str(error))]) from error
        self.since: list[int] = []  # the rollout from which each demonstration counts
        self.finishing = 0  # epochs since all demonstrations are there
        self.final = False  # the final weights have been said
        self.enough = False  # somebody asked for an early end

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Withdrawal):
            withdrawn = message.of(self.since)
            self.bc.remove(withdrawn)
            del self.since[withdrawn]
        elif isinstance(message, Demonstration):
            message.check(len(self.since))
            self.bc.add(Example(message.observation, message.action, message.terminated, message.truncated))
            self.since.append(message.rollout)
        if self.epochs_each and self.bc.demonstrations:
            for _ in range(self.epochs_each):
                metrics = self._epoch()
            yield self._weights()
            yield Metrics(self.bc.epochs, 0, values=metrics)

    def finish(self) -> Iterator[Message]:
        if not self.bc.demonstrations and not self.enough:
            raise RuntimeError("there are no demonstrations to clone: check that the teleoperator says some")
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
        tensors = self.bc.tensors()
        check_all(f"weights of epoch {self.bc.epochs}", tensors)
        file = np.frombuffer(save(tensors), np.uint8)
        return Weights(
            self.bc.epochs,
            0,
            policy_version=self.bc.epochs,
            tensors=file,
            environment_steps=0,
            stop=self.final,
            final=self.final,
        )

    def interrupt(self) -> None:
        self.enough = self.done = True
