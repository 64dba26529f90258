"""The rows of a ring buffer, appended to a file beside a node's checkpoint: a checkpoint writes only the new ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tutelage.files.append_only import AppendOnlyFile


class Rows(Protocol):
    """A buffer of the newest float32 rows, numbered in the order in which they came in (`learning.ring.Ring`)."""

    count: int

    @property
    def oldest(self) -> int:
        """Number of the oldest row that is kept."""

    def since(self, count: int) -> np.ndarray:
        """The rows that came in after the first `count` ones."""

    def restore(self, entries: np.ndarray, count: int) -> None:
        """Becomes what it was after `count` rows, of which these are the newest."""


class AppendedRows:
    """A buffer whose rows a node keeps (`Memory.keeps`) without writing them into its checkpoint.

    The file keeps all rows of a run, also those that the buffer has dropped.
    """

    def __init__(self, buffer: Rows, suffix: str, beside: Callable[[], Path]) -> None:
        """beside: gives the path of the node's checkpoint without its suffix (`Node.beside`), once it is known."""
        self.buffer, self.suffix, self.beside = buffer, suffix, beside
        self.written = 0
        """rows of the buffer that are in the file"""

    @cached_property
    def file(self) -> AppendOnlyFile:
        beside = self.beside()
        return AppendOnlyFile(beside.with_name(f"{beside.name}.{self.suffix}"))

    def state(self) -> dict[str, Any]:
        """Appends the new rows to the file; what the checkpoint must know of it."""
        rows = self.buffer.since(max(self.written, self.buffer.oldest))
        self.file.append(rows.tobytes())
        self.written = self.buffer.count
        return {"count": self.written, "shape": list(rows.shape[1:]), "file": self.file.state()}

    def load(self, state: dict[str, Any]) -> None:
        """Reads the rows back.

        Raises:
            Refusal: they are not there any more, or are damaged.
        """
        rows = np.frombuffer(self.file.load(state["file"]), np.float32).reshape(-1, *state["shape"])
        self.written = state["count"]
        self.buffer.restore(rows, self.written)
