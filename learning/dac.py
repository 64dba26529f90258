"""Discriminator-actor-critic (Kostrikov et al. 2019, arXiv 1809.02925): soft actor-critic on a discriminator's reward.

The discriminator learns from each rollout. Then the learner takes some gradient steps on its replay buffer. It computes
the rewards of each batch by the discriminator's weights of that moment, so the two can be two processes.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from tutelage.learning import reward_model, sac
from tutelage.learning.off_policy import CAPACITY, OffPolicy
from tutelage.learning.rewards import FORMS
from tutelage.learning.rollout import Demonstration, Rollout, Spaces
from tutelage.learning.sac import Settings


class DAC(OffPolicy):
    """The learner."""

    def __init__(
        self,
        spaces: Spaces,
        seed: int,
        settings: Settings | None = None,
        reward: str = "note",
        capacity: int = CAPACITY,
    ) -> None:
        super().__init__(spaces, seed, settings or Settings(), capacity)
        self.reward = reward

    def update(
        self,
        demonstrations: Sequence[Demonstration],
        rollout: Rollout,
        model: reward_model.Tensors,
        generator: np.random.Generator,
        progress: float = 0.0,
    ) -> dict[str, float]:
        """Adds a rollout, and learns when there are enough steps. `model` is what `Discriminator.tensors` gives."""
        if not self._add(demonstrations, rollout, generator):
            return {}
        return self._learn(demonstrations, model, generator, progress)

    def _learn(
        self,
        demonstrations: Sequence[Demonstration],
        model: reward_model.Tensors,
        generator: np.random.Generator,
        progress: float,
    ) -> dict[str, float]:
        expert = self._expert_rows(demonstrations)
        return self.sac.update(self.replay, self._reward(model), expert, generator, progress)

    def _reward(self, model: reward_model.Tensors) -> sac.Reward:
        return sac.by_rows(partial(rewards, model, self.reward))


def rewards(model: reward_model.Tensors, form: str, rows: np.ndarray) -> np.ndarray:
    """Of rows [rows, O + A + 1] of `learning.pairs`, by one of `learning.rewards.FORMS`: float32 [rows]."""
    return FORMS[form](reward_model.expert_logit(model, rows))
