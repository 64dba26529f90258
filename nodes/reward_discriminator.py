"""The judge for an off-policy learner: it says its weights, by which the learner rewards whatever it samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from safetensors.numpy import save

from tutelage import Message
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
        told = {"subsample": subsample} | (settings or {})
        self.judge = Judge(spaces, seed, chosen(DiscriminatorSettings, told))

    def _verdict(self, rollout: int, step: int, steps: Rollout, metrics: dict[str, float]) -> Message:
        tensors = self.judge.tensors()
        check_all(f"rollout {rollout}, reward model", tensors)
        return RewardModel(rollout, step, np.frombuffer(save(tensors), np.uint8))
