"""PPO's learners that share each minibatch: they exchange gradients, so that all have the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any, ClassVar

import numpy as np

from tutelage import Message, Ranges
from tutelage.learning.update import Update
from tutelage.messages import Gradient, Metrics, Weights
from tutelage.nodes.learner import PPOLearner
from tutelage.setting import Setting
from tutelage.tasks.task import Env


class SharingLearner(PPOLearner):
    """The first of several learners, and the one that publishes the weights. `part` is its place among `parts`.

    Each hears everything, computes the gradient of its rows of a minibatch, and hears those of the others. All add them
    up in the order of the parts and take the same step (data parallelism).
    """

    hears = (*PPOLearner.hears, Gradient)
    says: ClassVar[tuple[type[Message], ...]] = (Weights, Metrics, Gradient)
    exchanges = (Gradient,)
    keeps = (*PPOLearner.keeps, "update", "scored", "shares", "exchanging")

    def __init__(
        self,
        env: Env,
        parts: int,
        part: int = 0,
        seed: int = 0,
        lag: int = 1,
        budget: int | list[int] = 0,
        policy: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(env, seed, lag, budget, policy, settings)
        self.part, self.parts = part, parts
        self.update, self.scored = Update(), []
        self.shares: list[Any] = []  # of this minibatch: our gradient and losses, then the others' in their order

    def hear(self, message: Message) -> Iterator[Message]:
        if not isinstance(message, Gradient):
            yield from super().hear(message)
            return
        self.shares.append([message.gradient, message.losses])
        if len(self.shares) == self.parts:
            yield from self._step()

    def _learn(self, update: Update) -> Iterator[Message]:
        self.update, self.exchanging = update, True
        yield self._share()

    def _share(self) -> Gradient:
        ours = self.algorithm.gradient(self.update, self.part, self.parts)
        self.shares = [[*ours]]
        return Gradient(self.scored[0], len(self.update.losses), *self.shares[0])

    def _step(self) -> Iterator[Message]:
        ours, *others = self.shares
        others.insert(self.part, ours)
        gradient, losses = (reduce(np.add, arrays) for arrays in zip(*others, strict=True))
        self.algorithm.step(self.update, gradient, losses)
        self.exchanging, self.shares = bool(self.update.minibatches), []
        if self.exchanging:
            yield self._share()
        else:
            finished, self.update = self.update, Update()  # else it would be in every checkpoint
            yield from self._finished(finished)


class FurtherLearner(SharingLearner):
    """Another one, which learns the same and publishes its gradients alone. It ends when the first one does.

    It follows the settings of the first one, and has none of its own that change.
    """

    says = (Gradient,)
    steerable: ClassVar[Ranges] = {}

    def start(self) -> Iterator[Message]:
        return iter(())

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Setting) and message.node == self.name.rpartition("-")[0]:
            self.steered = {**self.steered, message.setting: message.value}
            self.steer(message.setting, message.value)
        yield from super().hear(message)

    def _learned(
        self, rollout: int, step: int, steps: int, metrics: dict[str, float], **more: float
    ) -> Iterator[Message]:
        self.schedule.learned_from(rollout, steps)
        self.done = self.schedule.over
        return iter(())

    def interrupt(self) -> None:
        """The first learner decides when it ends, and those that feed both end with it."""
