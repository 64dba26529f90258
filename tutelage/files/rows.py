"""A file of JSON rows. Rows that a full disk has no room for wait until it has."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tutelage.files import durable
from tutelage.input.problems import complain
from tutelage.memory import Memory


class Rows(Memory):
    """The rows of one file.

    Attributes:
        written: bytes of the file that contain rows.
        rows: lines that wait to be written.
    """

    keeps = ("written", "rows")

    def __init__(self) -> None:
        self.written = 0
        self.rows: list[str] = []

    def add(self, row: Mapping[str, Any]) -> None:
        """Adds a row, which the next `append` writes. Numbers that are infinity or NaN become null."""
        odd = {name for name, value in row.items() if isinstance(value, float) and not math.isfinite(value)}
        finite = {name: None if name in odd else value for name, value in row.items()}
        self.rows.append(json.dumps(finite) + "\n")

    def append(self, path: Path) -> None:
        """Writes all rows that wait, or none.

        Raises:
            OSError: there is no room; it names the file.
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
        """Keeps the whole lines of the bytes that count, and drops the rest, which will be added again."""
        known = path.read_bytes()[: self.written] if path.exists() else b""
        whole = known[: known.rfind(b"\n") + 1]
        if lost := self.written - len(whole):
            complain(f"{path.name} has lost {lost} bytes of {self.written}: the run continues without them")
        self.written = len(whole)
        if path.exists():
            os.truncate(path, self.written)

    def sync(self, path: Path) -> None:
        """Flushes the file: rows that a checkpoint counts must survive a power cut, as it does."""
        if self.written:
            durable.flush(path)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Adds the file's name to an error, because that of a full disk has none."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
