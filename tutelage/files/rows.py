"""A file that grows by rows of JSON, as far as the disk has room; what it has none for waits."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tutelage.files import durable
from tutelage.input.problems import complain
from tutelage.memory import Memory


class Rows(Memory):
    """Rows of one file, and how much of it is known to be there.

    Attributes:
        written: bytes of the file that hold rows.
        rows: lines that wait to be written.
    """

    keeps = ("written", "rows")

    def __init__(self) -> None:
        self.written = 0
        self.rows: list[str] = []

    def add(self, row: Mapping[str, float]) -> None:
        """A row, to be written by the next `append`. JSON knows no infinity and no NaN: they are null."""
        finite = {name: value if math.isfinite(value) else None for name, value in row.items()}
        self.rows.append(json.dumps(finite) + "\n")

    def append(self, path: Path) -> None:
        """Writes the rows that wait: all of them, or none.

        Raises:
            OSError: there is no room; names the file.
        """
        text = "".join(self.rows)
        try:
            with naming(path), path.open("a") as file:
                file.write(text)
        except OSError:
            self.cut(path)
            raise
        self.written += len(text)
        self.rows.clear()

    def cut(self, path: Path) -> None:
        """Leaves the whole lines that are known to be there; what comes later will be added again."""
        known = path.read_bytes()[: self.written] if path.exists() else b""
        whole = known[: known.rfind(b"\n") + 1]
        if lost := self.written - len(whole):
            complain(f"{path.name} has lost {lost} bytes of {self.written}: it goes on without them")
        self.written = len(whole)
        if path.exists():
            os.truncate(path, self.written)

    def sync(self, path: Path) -> None:
        """What a checkpoint counts on must survive a power cut as it does."""
        if self.written:
            durable.flush(path)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Has an error of the disk name the file, which that of a full disk leaves out."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
