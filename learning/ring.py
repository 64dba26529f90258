"""A ring buffer of rows, oldest first."""

from collections.abc import Sequence
from typing import Any

import numpy as np


class Ring:
    """The newest of all entries that ever came in: float32 arrays of one shape [..., W].

    Attributes:
        capacity: rows of W numbers that are kept, in all entries together.
        count: entries that ever came in.
        entries: entry i is at i modulo their number. They are allocated for the shape of the first one.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity, self.count = capacity, 0
        self.entries: np.ndarray = np.zeros(0, np.float32)

    def __len__(self) -> int:
        """Number of entries that are kept."""
        return min(self.count, len(self.entries))

    @property
    def oldest(self) -> int:
        """Number of the oldest entry that is kept."""
        return self.count - len(self)

    def append(self, entries: np.ndarray) -> None:
        """Adds entries [n, ..., W]."""
        if not self.count:
            self._allocate(entries.shape[1:])
        numbers = np.arange(self.count, self.count + len(entries))[-len(self.entries) :]
        self.entries[numbers % len(self.entries)] = entries[-len(self.entries) :]
        self.count += len(entries)

    def at(self, numbers: np.ndarray) -> np.ndarray:
        """The entries of these numbers, which must be kept."""
        return self.entries[numbers % len(self.entries)]

    def sample(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Entries that are kept, with replacement."""
        return self.at(self.oldest + generator.integers(len(self), size=count))

    def since(self, count: int) -> np.ndarray:
        """The entries that came in after the first `count` ones.

        Raises:
            ValueError: the oldest of them have been overwritten.
        """
        if count < self.oldest:
            raise ValueError(f"rows since {count} were asked for, but the oldest kept is {self.oldest}")
        return self.at(np.arange(count, self.count))

    def restore(self, entries: np.ndarray, count: int) -> None:
        """Becomes what it was after `count` entries, of which these are the newest: all of them, or `capacity` rows.

        Raises:
            ValueError: too few entries.
        """
        self._allocate(entries.shape[1:])
        kept = min(count, len(self.entries))
        if len(entries) < kept:
            raise ValueError(f"{kept} rows are needed after {count} steps, but there are {len(entries)}")
        numbers = np.arange(count - kept, count)
        self.entries[numbers % len(self.entries)] = entries[len(entries) - kept :]
        self.count = count

    def state(self) -> dict[str, Any]:
        """Everything."""
        return {"count": self.count, "entries": self.since(self.oldest)}

    def load(self, state: dict[str, Any]) -> None:
        self.restore(state["entries"], state["count"])

    def _allocate(self, shape: Sequence[int]) -> None:
        self.entries = np.zeros((max(1, self.capacity // int(np.prod(shape[:-1]))), *shape), np.float32)
