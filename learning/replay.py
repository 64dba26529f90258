"""The replay buffer: what happened lately, in the order of each environment.

One ring of rows: observation, action (as `learning.pairs` has it: one-hot, or clipped), next observation, terminated,
truncated. No reward is kept: who samples rewards the rows anew. A row is never changed, so a file that rows are
appended to (`since`) holds all that `restore` needs.
"""

from typing import NamedTuple

import numpy as np

from tutelage.learning import pairs
from tutelage.learning.rollout import Rollout, Spaces


class Windows(NamedTuple):
    """B runs of up to n steps, as n-step returns need them. A run stops where its episode ends, or where the
    newest step is. All but `steps` are float32 unless said otherwise."""

    steps: np.ndarray  # [n, B, O + A + 1], rows as the discriminator sees them; the first step's come first
    counts: np.ndarray  # bool [n, B], whether the step belongs to the run
    last_observation: np.ndarray  # [B, O], after the run's last step
    terminated: np.ndarray  # bool [B], whether the last step terminated the episode
    ending: np.ndarray  # [B, O + A + 1], the absorbing state's row after the last step: for those that terminated

    @property
    def length(self) -> np.ndarray:
        """Steps of each run, [B]."""
        return self.counts.sum(axis=0)


class Replay:
    """The newest `capacity` steps of N environments."""

    def __init__(self, spaces: Spaces, environments: int, capacity: int) -> None:
        self.spaces = spaces
        width = 2 * spaces.observation + spaces.action + 2
        self.ring = np.zeros((max(1, capacity // environments), environments, width), np.float32)
        self.count = 0
        """steps of each environment that ever came in"""

    def add(self, rollout: Rollout) -> None:
        """Takes in a rollout, [T, N] steps."""
        self._append(rows_of(self.spaces, rollout))

    def since(self, count: int) -> np.ndarray:
        """The rows [T, N, W] that came in after the first `count` ones.

        Raises:
            ValueError: the oldest of them have been overwritten.
        """
        if self.count - count > len(self.ring):
            raise ValueError(f"rows since {count} were asked for, but the oldest kept is {self.count - len(self.ring)}")
        return self.ring[np.arange(count, self.count) % len(self.ring)]

    def restore(self, rows: np.ndarray, count: int) -> None:
        """Becomes what it was after `count` steps, of which these are the newest: as many as there are, or `capacity`.

        Raises:
            ValueError: too few rows.
        """
        kept = min(count, len(self.ring))
        if len(rows) < kept:
            raise ValueError(f"{kept} rows are needed after {count} steps, but there are {len(rows)}")
        self.count = count - kept
        self._append(rows[len(rows) - kept :])

    def sample(self, batch: int, steps: int, generator: np.random.Generator) -> Windows:
        """Runs of up to `steps` steps, which begin at any step that is kept, with replacement."""
        environment = generator.integers(self.ring.shape[1], size=batch)
        first = generator.integers(max(0, self.count - len(self.ring)), self.count, size=batch)
        at = first + np.arange(steps)[:, None]
        rows = self.ring[at % len(self.ring), environment]
        o, a = self.spaces.observation, self.spaces.action
        counts = at < self.count
        counts[1:] &= ~np.logical_or.accumulate(rows[:-1, :, -2:].any(axis=2))
        final = rows[counts.sum(axis=0) - 1, np.arange(batch)]
        shown = rows[:, :, : o + a + 1].copy()
        shown[:, :, -1] = 0
        last = final[:, o + a : 2 * o + a]
        return Windows(shown, counts, last, final[:, -2] > 0, pairs.ending_rows(self.spaces, last))

    def _append(self, rows: np.ndarray) -> None:
        at = np.arange(self.count, self.count + len(rows))
        self.ring[at[-len(self.ring) :] % len(self.ring)] = rows[-len(self.ring) :]
        self.count += len(rows)


def rows_of(spaces: Spaces, rollout: Rollout) -> np.ndarray:
    """A rollout's rows, [T, N, W]."""
    steps = pairs.step_rows(spaces, rollout.observation, rollout.action).reshape(*rollout.terminated.shape, -1)
    ends = np.stack([rollout.terminated, rollout.truncated], axis=2)
    return np.concatenate([steps[..., :-1], rollout.next_observation, ends], axis=2, dtype=np.float32)
