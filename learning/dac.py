"""Discriminator-actor-critic (Kostrikov et al. 2019, arXiv 1809.02925): soft actor-critic on a discriminator's verdict.

The discriminator learns from each rollout; then the learner takes some gradient steps on its replay buffer, whose rows
it rewards anew, for every batch, by the discriminator's weights of that moment. So the two can be two processes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tutelage.learning import gail, pairs, reward_model, sac
from tutelage.learning.replay import Replay
from tutelage.learning.rollout import Demonstration, Rollout, Spaces
from tutelage.learning.sac import Settings

ENVIRONMENTS, ROLLOUT_STEPS = 16, 32
FIRST_STEPS = 4096
"""of the actor as it begins, nearly uniformly random, before anything is learned"""
CAPACITY = 400_000
"""steps that the replay buffer keeps"""


@dataclass(frozen=True)
class DiscriminatorSettings(gail.Settings):
    """What the discriminator can be told, and what it does here where it is not."""

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
    """The learner: soft actor-critic and its replay buffer, which is made for the first rollout."""

    def __init__(
        self,
        spaces: Spaces,
        seed: int,
        settings: Settings | None = None,
        reward: str = "note",
        capacity: int = CAPACITY,
    ) -> None:
        self.spaces, self.reward, self.capacity = spaces, reward, max(capacity, FIRST_STEPS)
        self.sac = sac.SAC(spaces, seed, settings or Settings())
        self.replay: Replay | None = None

    def update(
        self,
        demonstrations: Sequence[Demonstration],
        rollout: Rollout,
        judge: reward_model.Tensors,
        generator: np.random.Generator,
        progress: float = 0.0,
    ) -> sac.Metrics:
        """Takes a rollout in and learns, once there are FIRST_STEPS; `judge` is what `Discriminator.tensors` gave."""
        environments = rollout.terminated.shape[1]
        self.replay = self.replay or Replay(self.spaces, environments, self.capacity)
        before = self.replay.count * environments
        self.replay.add(rollout)
        observation = np.concatenate([one.observation[:-1] for one in demonstrations])
        if before < FIRST_STEPS:
            self._scale_by(observation)
        if self.replay.count * environments < FIRST_STEPS:
            return {}
        expert = pairs.step_rows(self.spaces, observation, np.concatenate([one.action for one in demonstrations]))
        return self.sac.update(
            self.replay, partial(reward_model.rewards, judge, self.reward), expert, generator, progress
        )

    def _scale_by(self, expert: np.ndarray) -> None:
        """Observations are scaled by what was seen so far and as many of the expert's."""
        assert self.replay is not None
        seen = self.replay.since(0)[..., : self.spaces.observation].reshape(-1, self.spaces.observation)
        self.sac.begin(np.concatenate([seen, np.resize(expert, seen.shape)]))

    def tensors(self) -> dict[str, np.ndarray]:
        """What acting needs."""
        return self.sac.tensors()

    def state(self) -> dict[str, Any]:
        """Everything that the next update depends on, but the replay buffer's rows."""
        count, environments = (self.replay.count, self.replay.ring.shape[1]) if self.replay else (0, 0)
        return {"sac": self.sac.state(), "count": count, "environments": environments}

    def rows_since(self, count: int) -> np.ndarray:
        """The rows that came in after the first `count` steps of each environment, as far as they are still kept."""
        if not self.replay:
            return np.zeros(0, np.float32)
        return self.replay.since(max(count, self.replay.count - len(self.replay.ring)))

    def load(self, state: dict[str, Any], rows: np.ndarray) -> None:
        """Takes the state over, and the replay buffer's rows, float32, at least those that it keeps, oldest first."""
        self.sac.load(state["sac"])
        self.replay = None
        if state["environments"]:
            self.replay = Replay(self.spaces, state["environments"], self.capacity)
            self.replay.restore(rows.reshape(-1, *self.replay.ring.shape[1:]), state["count"])
