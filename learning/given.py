"""Soft actor-critic (Haarnoja et al. 2018) on given rewards: the environment's own, or those that were recovered."""

import numpy as np

from tutelage.learning.off_policy import OffPolicy
from tutelage.learning.replay import Windows
from tutelage.learning.rollout import Rollout


def given_reward(windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """The rewards that the replay buffer keeps: of the steps, [n, B], and of the absorbing states after them."""
    last = windows.length - 1
    absorbing = windows.given[last, np.arange(len(last)), 1]
    return windows.given[:, :, 0], absorbing[windows.terminated]


class GivenReward(OffPolicy):
    """The learner. It imitates nobody."""

    def update(
        self,
        rollout: Rollout,
        reward: np.ndarray,
        absorbing_reward: np.ndarray,
        generator: np.random.Generator,
        progress: float = 0.0,
    ) -> dict[str, float]:
        """Adds a rollout and its rewards, float32 [T, N] each, and learns when there are enough steps.

        Observations are scaled by all that were seen, the first ones twice: no expert's say how far they go.
        """
        begun = self.begun
        if not self._add([], rollout, generator, reward, absorbing_reward):
            return {}
        if begun:
            self.sac.follow(rollout.observation)
        nobodys_pairs = np.zeros((0, self.spaces.observation + self.spaces.action + 1), np.float32)
        return self.sac.update(self.replay, given_reward, nobodys_pairs, generator, progress)
