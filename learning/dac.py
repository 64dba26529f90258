"""Discriminator-actor-critic (Kostrikov et al. 2019, arXiv 1809.02925): soft actor-critic on a discriminator's reward.

The discriminator learns from each rollout. Then the learner takes some gradient steps on its replay buffer. It computes
the rewards of each batch by the discriminator's weights of that moment, so the two can be two processes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tutelage.learning import gail, pairs, reward_model, sac
from tutelage.learning.replay import Replay
from tutelage.learning.rollout import Demonstration, Rollout, Spaces
from tutelage.learning.sac import Settings

ENVIRONMENTS, ROLLOUT_STEPS = 16, 32
FIRST_STEPS = 4096
"""collected by the first actor, which is nearly uniformly random, before anything is learned"""
CAPACITY = 400_000
"""steps in the replay buffer"""


@dataclass(frozen=True)
class DiscriminatorSettings(gail.Settings):
    """Settings of the discriminator, with the defaults of DAC."""

    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-3
    steps: int = 12
    batch: int = 128
    interpolated_penalty_weight: float = 10.0
    discount: float = 0.99
    memory: int = 1 << 19
    remembered: int = 512
    hidden: int = 128


class DAC:
    """The learner: soft actor-critic and its replay buffer."""

    def __init__(
        self,
        spaces: Spaces,
        seed: int,
        settings: Settings | None = None,
        reward: str = "note",
        capacity: int = CAPACITY,
    ) -> None:
        self.spaces, self.reward = spaces, reward
        self.sac = sac.SAC(spaces, seed, settings or Settings())
        self.replay = Replay(spaces, max(capacity, FIRST_STEPS))

    def update(
        self,
        demonstrations: Sequence[Demonstration],
        rollout: Rollout,
        model: reward_model.Tensors,
        generator: np.random.Generator,
        progress: float = 0.0,
    ) -> sac.Metrics:
        """Adds a rollout, and learns when there are FIRST_STEPS. `model` is what `Discriminator.tensors` gives."""
        environments = rollout.terminated.shape[1]
        before = self.replay.ring.count * environments
        self.replay.add(rollout)
        observation = np.concatenate([one.observation[:-1] for one in demonstrations])
        if before < FIRST_STEPS:
            self._scale_by(observation)
        if self.replay.ring.count * environments < FIRST_STEPS:
            return {}
        expert = pairs.step_rows(self.spaces, observation, np.concatenate([one.action for one in demonstrations]))
        return self.sac.update(
            self.replay, partial(reward_model.rewards, model, self.reward), expert, generator, progress
        )

    def _scale_by(self, expert: np.ndarray) -> None:
        """Scales observations by those seen so far and as many of the expert's."""
        seen = self.replay.observations()
        self.sac.begin(np.concatenate([seen, np.resize(expert, seen.shape)]))

    def tensors(self) -> dict[str, np.ndarray]:
        """For acting (see `learning.acting`)."""
        return self.sac.tensors()

    def state(self) -> dict[str, np.ndarray]:
        """All but the replay buffer that the next update depends on."""
        return self.sac.state()

    def load(self, state: dict[str, np.ndarray]) -> None:
        self.sac.load(state)
