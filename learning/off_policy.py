"""What off-policy learners share: soft actor-critic, a replay buffer, and the first, random steps."""

from collections.abc import Sequence

import numpy as np

from tutelage.learning import clone, pairs, sac
from tutelage.learning.acting import Tensors
from tutelage.learning.replay import Replay
from tutelage.learning.rollout import Demonstration, Rollout, Spaces

FIRST_STEPS = 4096
"""collected before anything is learned: by the first actor, which is nearly uniformly random, or another policy"""
CAPACITY = 400_000
"""steps in the replay buffer"""


class OffPolicy:
    """Base of the learners.

    Attributes:
        first_policy: `tensors()` of another policy, which collects the first steps and of which the actor becomes a
            copy then; empty if there is none.
    """

    def __init__(self, spaces: Spaces, seed: int, settings: sac.Settings, capacity: int = CAPACITY) -> None:
        self.spaces, self.sac = spaces, sac.SAC(spaces, seed, settings)
        self.replay = Replay(spaces, max(capacity, FIRST_STEPS))
        self.first_policy: Tensors = {}

    @property
    def begun(self) -> bool:
        """Whether there are enough steps to learn from."""
        entries = self.replay.ring.entries
        return self.replay.ring.count * entries.shape[1] >= FIRST_STEPS if entries.ndim > 1 else False

    def tensors(self) -> dict[str, np.ndarray]:
        """For acting (see `learning.acting`)."""
        return dict(self.first_policy) if self.first_policy and not self.begun else self.sac.tensors()

    def state(self) -> dict[str, np.ndarray]:
        """All but the replay buffer that the next update depends on."""
        return self.sac.state()

    def load(self, state: dict[str, np.ndarray]) -> None:
        self.sac.load(state)

    def _add(
        self,
        demonstrations: Sequence[Demonstration],
        rollout: Rollout,
        generator: np.random.Generator,
        *given: np.ndarray,
    ) -> bool:
        """Adds a rollout, with its given rewards if there are any; whether there are enough steps to learn from.

        Until then observations are scaled by those seen so far and as many of the expert's.
        """
        begun = self.begun
        self.replay.add(rollout, *given)
        if begun:
            return True
        seen = self.replay.observations()
        shown = [one.observation[:-1] for one in demonstrations] or [seen]
        scaled_by = np.concatenate([seen, np.resize(np.concatenate(shown), seen.shape)])
        self.sac.begin(scaled_by)
        if self.begun and self.first_policy:
            clone.fit(self.sac, self.first_policy, scaled_by, generator)
        return self.begun

    def _expert_rows(self, demonstrations: Sequence[Demonstration]) -> np.ndarray:
        """The expert's pairs, which draw the actor."""
        observation = np.concatenate([one.observation[:-1] for one in demonstrations])
        return pairs.step_rows(self.spaces, observation, np.concatenate([one.action for one in demonstrations]))
