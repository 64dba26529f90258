"""The discriminator of inverse reinforcement learning: it recovers a reward, and scores each rollout by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.random import Generator

from tutelage import Message
from tutelage.files.appended_rows import AppendedRows
from tutelage.learning import airl
from tutelage.learning.acting import Tensors
from tutelage.learning.rollout import Rollout
from tutelage.messages import Demonstration, Metrics, RewardModel, Score, Transition, Weights
from tutelage.nodes.discriminator import Discriminator
from tutelage.tasks.task import Env
from tutelage.tensors import packed, unpacked


class AIRLDiscriminator(Discriminator):
    """Learns a reward of the state from each rollout, by the weights that collected it; then it scores the rollout.

    Demonstrations must not be subsampled: it needs the state that followed each of theirs.
    """

    hears = (Transition, Demonstration, Weights)
    says = (Score, RewardModel, Metrics)
    keeps = ("discriminator", "memory", "demonstrations", "gathered", "policy")
    Algorithm, Settings = airl.AIRL, airl.Settings
    steerable = {"learning_rate": (0, 1), "penalty_weight": (0, 9)}
    leaves = ""  # the reward report writes what it recovered

    def __init__(
        self,
        env: Env,
        rollout_steps: int = 64,
        budget: int | list[int] = 0,
        seed: int = 0,
        settings: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(env, rollout_steps, budget, seed, settings=settings)
        self.memory = AppendedRows(self.discriminator.memory, "memory", lambda: self.beside)
        self.policy = b""  # the file of the weights that collect the running rollout

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Weights):
            self.policy = message.tensors.tobytes()
        yield from super().hear(message)

    def _update(self, steps: Rollout, draw: Generator, progress: float) -> dict[str, float]:
        return self.discriminator.update(self.demonstrations, steps, self._collected_by(), draw, progress)

    def _results(self, rollout: int, step: int, steps: Rollout, metrics: dict[str, float]) -> Iterator[Message]:
        """The scores of this rollout, and the reward that they are computed by."""
        reward, absorbing_reward = self.discriminator.score(steps, self._collected_by())
        yield Score(rollout, step, reward, absorbing_reward, enough=False)
        yield RewardModel(rollout, step, packed(f"rollout {rollout}, reward model", self.discriminator.tensors()))

    def _collected_by(self) -> Tensors:
        return unpacked("the weights that collected the rollout", self.policy)
