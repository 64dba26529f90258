"""A file that only grows, for data that is too large to be written again with each checkpoint."""

from __future__ import annotations

import contextlib
import os
import zlib
from pathlib import Path

from tutelage.files import durable
from tutelage.input.problems import Problem, Refusal


class AppendOnlyFile:
    """Bytes beside a checkpoint, which contains how many of them count (`state`).

    They are appended before the checkpoint is saved, so every whole checkpoint, the newest or its predecessor, finds
    the bytes that it counts. Bytes after them were written before the node was killed: the next `append` replaces them.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.size, self.checksum = path, 0, 0

    def append(self, data: bytes) -> None:
        """Appends these bytes, which then survive a power cut.

        Raises:
            OSError: for example a full disk. Then nothing was appended, and the caller can try again.
        """
        with contextlib.suppress(FileNotFoundError):
            os.truncate(self.path, self.size)  # by name: an open file can be the next life's by now (lives.py)
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666), "r+b") as file:
            file.seek(self.size)
            file.write(data)
        durable.flush(self.path)
        self.size += len(data)
        self.checksum = zlib.crc32(data, self.checksum)

    def state(self) -> dict[str, int]:
        """The number of bytes that count, and their checksum."""
        return {"size": self.size, "checksum": self.checksum}

    def load(self, state: dict[str, int]) -> bytes:
        """The bytes that the state counts; later ones will be replaced.

        Raises:
            Refusal: they are missing or damaged.
        """
        data = b""
        if state["size"]:
            try:
                with self.path.open("rb") as file:
                    data = file.read(state["size"])
            except FileNotFoundError:
                data = b""
        if len(data) < state["size"] or zlib.crc32(data) != state["checksum"]:
            raise Refusal([Problem(self.path, "this file is damaged: this run cannot go on, start another")])
        self.size, self.checksum = state["size"], state["checksum"]
        return data
