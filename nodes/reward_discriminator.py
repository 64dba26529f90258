"""The judge for an off-policy learner: it says its weights, by which the learner rewards whatever it samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from safetensors.numpy import save

from tutelage import Message
from tutelage.files.append_only import AppendOnlyFile
from tutelage.finite import check_all
from tutelage.input.settings import chosen
from tutelage.learning.budget import OFF_POLICY
from tutelage.learning.budget import budget as derived
from tutelage.learning.dac import ROLLOUT_STEPS, DiscriminatorSettings
from tutelage.learning.gail import Discriminator as Judge
from tutelage.learning.rollout import Rollout, Spaces
from tutelage.messages import Metrics, RewardModel
from tutelage.nodes.discriminator import Discriminator
from tutelage.tasks.task import Env, Task


class RewardDiscriminator(Discriminator):
    """Learns as `Discriminator` does, with the settings of DAC, and says what it has become after each rollout."""

    says = (RewardModel, Metrics)

    def __init__(
        self,
        env: Env,
        rollout_steps: int = ROLLOUT_STEPS,
        budget: int = 0,
        seed: int = 0,
        subsample: int = 1,
        settings: dict[str, Any] | None = None,
    ) -> None:
        spaces = Spaces(*Task(env).spaces[:3])
        super().__init__(env, rollout_steps, derived(budget, spaces, OFF_POLICY), seed)
        told = (settings or {}) | {"subsample": subsample}
        self.judge = Judge(spaces, seed, chosen(DiscriminatorSettings, told))

        self.remembered = 0  # pairs that ever went into the judge's memory
        self.written = 0  # of them in that file
        self.rows: AppendOnlyFile | None = None

    def _verdict(self, rollout: int, step: int, steps: Rollout, metrics: dict[str, float]) -> Message:
        self.remembered += self.judge.settings.remembered
        tensors = self.judge.tensors()
        check_all(f"rollout {rollout}, reward model", tensors)
        return RewardModel(rollout, step, tensors=np.frombuffer(save(tensors), np.uint8))

    def state(self) -> dict[str, Any]:
        """What is new in the judge's memory of the policy's past is appended to a file beside the checkpoint."""
        state = super().state()
        memory = state["judge"].pop("memory")
        fresh = min(self.remembered - self.written, len(memory))
        self._file().append(memory[len(memory) - fresh :].tobytes())
        self.written = self.remembered
        return state | {"remembered": self.remembered, "rows": self._file().state()}

    def load(self, state: dict[str, Any]) -> None:
        self.remembered = self.written = state["remembered"]
        rows = np.frombuffer(self._file().load(state["rows"]), np.float32).reshape(-1, self.judge.memory.shape[1])
        kept = rows[-self.judge.settings.memory :]
        super().load(state | {"judge": state["judge"] | {"memory": kept}})

    def _file(self) -> AppendOnlyFile:
        self.rows = self.rows or AppendOnlyFile(self.beside.with_name(f"{self.beside.name}.memory"))
        return self.rows
