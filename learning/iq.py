"""Inverse soft Q-learning as least squares (LS-IQ, Al-Hafez et al. 2023, arXiv 2303.00599; IQ-Learn, Garg et al. 2021).

There is no discriminator: the critic is a reward, r(s, a) = Q(s, a) - discount * V(s'). It is fitted so that the
expert's steps earn more than the policy's, with a regulariser on both; E are the means over the two sides:

    E_expert[r] - E_policy[r] - (E_expert[r^2] + E_policy[r^2]) / 2
        = 1 - (E_expert[(r - 1)^2] + E_policy[(r + 1)^2]) / 2

To maximise this is soft actor-critic on a reward of 1 for the expert's steps and -1 for the policy's, in batches of as
many of each. Values are bounded by 1 / (1 - discount). A terminated episode continues in an absorbing state that earns
the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tutelage.learning import sac
from tutelage.learning.off_policy import CAPACITY, OffPolicy
from tutelage.learning.replay import Replay, Windows, alternating
from tutelage.learning.rollout import Demonstration, Rollout, Spaces


@dataclass(frozen=True)
class Settings(sac.Settings):
    """Settings of LS-IQ."""

    updates: int = 48
    """gradient steps a rollout. With 72, as in SAC, policies of Hopper and HalfCheetah became worse."""


class Sides(NamedTuple):
    """The expert's steps and the policy's."""

    expert: Replay
    policy: Replay

    def sample(self, batch: int, steps: int, generator: np.random.Generator) -> Windows:
        """Runs of the expert's and of the policy's in turns; the expert goes on earning 1 for ever after its own."""
        half = batch // 2
        expert = self.expert.sample(half, steps, generator)._replace(terminated=np.ones(half, bool))
        return alternating(expert, self.policy.sample(half, steps, generator))


def side_reward(windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """1 for the expert's steps and absorbing states, which are every second run from the first; -1 for the policy's."""
    side = np.tile(np.array([1, -1], np.float32), len(windows.terminated) // 2)
    return np.tile(side, (len(windows.counts), 1)), side[windows.terminated]


def steps_of(spaces: Spaces, demonstrations: Sequence[Demonstration]) -> Replay:
    """The expert's steps as those of one environment. The demonstrations must be whole, not subsampled."""
    observation = np.concatenate([one.observation[:-1] for one in demonstrations])
    following = np.concatenate([one.observation[1:] for one in demonstrations])
    action = np.concatenate([one.action for one in demonstrations])
    last = np.cumsum([len(one.action) for one in demonstrations]) - 1
    terminated, truncated = np.zeros(len(action), bool), np.zeros(len(action), bool)
    terminated[last] = [one.terminated for one in demonstrations]
    truncated[last] = ~terminated[last]
    columns = (observation, action, following, np.zeros(len(action), np.float32), terminated, truncated)
    steps = Replay(spaces, len(action))
    steps.add(Rollout(*(column[:, None] for column in columns)))
    return steps


class LSIQ(OffPolicy):
    """The learner."""

    def __init__(
        self, spaces: Spaces, seed: int, settings: sac.Settings | None = None, capacity: int = CAPACITY
    ) -> None:
        settings = settings or Settings()
        bound = min(settings.value_bound, 1 / (1 - settings.discount))
        super().__init__(spaces, seed, replace(settings, value_bound=bound), capacity)

    def reward_tensors(self, demonstrations: Sequence[Demonstration]) -> dict[str, np.ndarray]:
        """What the recovered reward is computed by (see `learning.critic_reward`)."""
        ends = any(demonstration.terminated for demonstration in demonstrations)
        discount = np.array([self.sac.settings.discount], np.float32)
        more = {"discount": discount, "tells_endings": np.array([ends], np.float32)}
        return self.sac.tensors() | self.sac.critics.parameters.arrays() | more

    def update(
        self,
        demonstrations: Sequence[Demonstration],
        rollout: Rollout,
        generator: np.random.Generator,
        progress: float = 0.0,
    ) -> dict[str, float]:
        """Adds a rollout, and learns when there are enough steps."""
        if not self._add(demonstrations, rollout, generator):
            return {}
        sides = Sides(steps_of(self.spaces, demonstrations), self.replay)
        return self.sac.update(sides, side_reward, self._expert_rows(demonstrations), generator, progress)
