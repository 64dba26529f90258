"""Discriminator-actor-critic from states alone, in which an inverse model names the expert's actions."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tutelage.learning import reward_model, sac, state_only
from tutelage.learning.dac import DAC
from tutelage.learning.inverse_model import InverseModel
from tutelage.learning.rollout import Demonstration, Spaces


class StateOnlyDAC(DAC):
    """The learner. Demonstrations have the change of the observation in the action's place."""

    def __init__(self, spaces: Spaces, seed: int, *arguments: Any, **more: Any) -> None:
        super().__init__(spaces, seed, *arguments, **more)
        self.inverse = InverseModel(self.sac, seed)

    def _learn(
        self,
        demonstrations: Sequence[Demonstration],
        model: reward_model.Tensors,
        generator: np.random.Generator,
        progress: float,
    ) -> dict[str, float]:
        scale, s = model["change.scale"], self.sac.settings
        steps = self.replay.sample(s.updates * s.batch, 1, generator)
        distance = self.inverse.learn(steps, scale, self.sac.learning_rate(progress))
        expert = self.inverse.named(demonstrations, scale)
        metrics = self.sac.update(self.replay, self._reward(model), expert, generator, progress)
        return metrics | {"train/inverse_loss": distance}

    def _reward(self, model: reward_model.Tensors) -> sac.Reward:
        reward = super()._reward(model)
        return lambda windows: reward(state_only.windows(windows, model["change.scale"]))

    def state(self) -> dict[str, np.ndarray]:
        return super().state() | {f"inverse.{name}": array for name, array in self.inverse.adam.state().items()}

    def load(self, state: dict[str, np.ndarray]) -> None:
        super().load(state)
        self.inverse.adam.load({name[8:]: array for name, array in state.items() if name.startswith("inverse.")})
