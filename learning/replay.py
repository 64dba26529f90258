"""The replay buffer: the newest steps, in order, of each environment.

A ring of rows: observation, action (as `learning.pairs` has it: one-hot, or clipped), next observation, terminated,
truncated. An imitation learner keeps no reward: it computes the rewards of each batch anew. Rewards that are given
(`learning.given`) are kept before `terminated`.
"""

from collections.abc import Sequence
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
    following: np.ndarray  # [n, B, O], the observation after each step
    terminated: np.ndarray  # bool [B], whether the last step terminated the episode
    ending: np.ndarray  # [B, O + A + 1], the absorbing state's row after the last step: for those that terminated
    given: np.ndarray  # [n, B, 2], each step's reward and the absorbing state's; [n, B, 0] if they are not kept

    @property
    def length(self) -> np.ndarray:
        """Steps of each run, [B]."""
        return self.counts.sum(axis=0)

    @property
    def last_observation(self) -> np.ndarray:
        """After the run's last step, [B, O]."""
        return self.following[self.length - 1, np.arange(len(self.terminated))]


def alternating(first: Windows, second: Windows) -> Windows:
    """As many runs of the one as of the other, in turns."""
    by_step = ("steps", "counts", "following", "given")
    pairs = {name: (getattr(first, name), getattr(second, name)) for name in Windows._fields}
    return Windows(*(_in_turns(*pair, axis=int(name in by_step)) for name, pair in pairs.items()))


def _in_turns(first: np.ndarray, second: np.ndarray, axis: int) -> np.ndarray:
    shape = list(first.shape)
    shape[axis] *= 2
    return np.stack([first, second], axis=axis + 1).reshape(shape)


class Replay:
    """The newest `capacity` steps of N environments, in a ring of entries [N, W]."""

    def __init__(self, spaces: Spaces, capacity: int) -> None:
        self.spaces, self.ring = spaces, Ring(capacity)

    def add(self, rollout: Rollout, *given: np.ndarray) -> None:
        """Adds a rollout, [T, N] steps, and rewards if they are given: the steps' and the absorbing states'."""
        self.ring.append(rows_of(self.spaces, rollout, given))

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
        ending = pairs.ending_rows(self.spaces, final[:, o + a : 2 * o + a])
        following, given = rows[:, :, o + a : 2 * o + a], rows[:, :, 2 * o + a : -2]
        return Windows(shown, counts, following, final[:, -2] > 0, ending, given)


def rows_of(spaces: Spaces, rollout: Rollout, given: Sequence[np.ndarray] = ()) -> np.ndarray:
    """A rollout's rows, [T, N, W]."""
    steps = pairs.step_rows(spaces, rollout.observation, rollout.action).reshape(*rollout.terminated.shape, -1)
    ends = np.stack([*given, rollout.terminated, rollout.truncated], axis=2)
    return np.concatenate([steps[..., :-1], rollout.next_observation, ends], axis=2, dtype=np.float32)
