"""The replay buffer: the newest steps, in order, of each environment.

A ring of rows: observation, action (as `learning.pairs` has it: one-hot, or clipped), next observation, terminated,
truncated. No reward is kept: the learner computes the rewards of each batch anew.
"""

from typing import NamedTuple

import numpy as np

from tutelage.learning import pairs
from tutelage.learning.ring import Ring
from tutelage.learning.rollout import Rollout, Spaces


class Windows(NamedTuple):
    """B runs of up to n steps, for n-step returns. A run stops where its episode ends, or at the newest step.

    Arrays are float32 unless said otherwise.
    """

    steps: np.ndarray  # [n, B, O + A + 1], rows as the discriminator sees them; the first step's come first
    counts: np.ndarray  # bool [n, B], whether the step belongs to the run
    last_observation: np.ndarray  # [B, O], after the run's last step
    terminated: np.ndarray  # bool [B], whether the last step terminated the episode
    ending: np.ndarray  # [B, O + A + 1], the absorbing state's row after the last step: for those that terminated

    @property
    def length(self) -> np.ndarray:
        """Steps of each run, [B]."""
        return self.counts.sum(axis=0)


def joined(*parts: Windows) -> Windows:
    """Some runs, then others, of the same n."""
    axes = {"steps": 1, "counts": 1}
    return Windows(
        *(np.concatenate([getattr(part, name) for part in parts], axes.get(name, 0)) for name in Windows._fields)
    )


class Replay:
    """The newest `capacity` steps of N environments, in a ring of entries [N, W]."""

    def __init__(self, spaces: Spaces, capacity: int) -> None:
        self.spaces, self.ring = spaces, Ring(capacity)

    def add(self, rollout: Rollout) -> None:
        """Adds a rollout, [T, N] steps."""
        self.ring.append(rows_of(self.spaces, rollout))

    def observations(self) -> np.ndarray:
        """All that are kept, [steps * N, O]."""
        rows = self.ring.since(self.ring.oldest)
        return rows[..., : self.spaces.observation].reshape(-1, self.spaces.observation)

    def sample(self, batch: int, steps: int, generator: np.random.Generator) -> Windows:
        """Runs of up to `steps` steps, which begin at any step that is kept, with replacement."""
        entries, count = self.ring.entries, self.ring.count
        environment = generator.integers(entries.shape[1], size=batch)
        first = generator.integers(self.ring.oldest, count, size=batch)
        at = first + np.arange(steps)[:, None]
        rows = entries[at % len(entries), environment]
        o, a = self.spaces.observation, self.spaces.action
        counts = at < count
        counts[1:] &= ~np.logical_or.accumulate(rows[:-1, :, -2:].any(axis=2))
        final = rows[counts.sum(axis=0) - 1, np.arange(batch)]
        shown = rows[:, :, : o + a + 1].copy()
        shown[:, :, -1] = 0
        last = final[:, o + a : 2 * o + a]
        return Windows(shown, counts, last, final[:, -2] > 0, pairs.ending_rows(self.spaces, last))


def rows_of(spaces: Spaces, rollout: Rollout) -> np.ndarray:
    """A rollout's rows, [T, N, W]."""
    steps = pairs.step_rows(spaces, rollout.observation, rollout.action).reshape(*rollout.terminated.shape, -1)
    ends = np.stack([rollout.terminated, rollout.truncated], axis=2)
    return np.concatenate([steps[..., :-1], rollout.next_observation, ends], axis=2, dtype=np.float32)
