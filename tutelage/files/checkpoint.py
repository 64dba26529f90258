"""A checkpoint on disk: it is replaced in one step, its predecessor is kept, and damage is noticed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from tutelage.codec import Frame, pack_rows, pack_state, unpack_state
from tutelage.files.durable import read_json, write
from tutelage.input.problems import Problem, Refusal

LAYOUT = 4
"""What the nodes' states and the bus's are made of, and how the learners round. Raise it when that changes: older runs
are then not resumed."""


def of_this_layout(run: Path) -> bool:
    """Whether the checkpoints of the run in a folder have this layout, by its run.json."""
    return bool(read_json(run / "run.json").get("checkpoints") == LAYOUT)


def save(path: Path, state: Any, durable: bool = True) -> None:
    """Writes a state. After a crash, if `durable` also after a power cut, it or its predecessor is there and whole."""
    write(path, _checked([pack_state(state)]), durable, path.with_suffix(".previous"))


def save_rows(path: Path, rows: Sequence[tuple[int, int, Sequence[Frame]]], durable: bool = True) -> None:
    """Writes rows of two numbers and frames, as `save` would, without copying the frames."""
    write(path, _checked(pack_rows(rows)), durable)


def _checked(pieces: list[Frame]) -> list[Frame]:
    """The pieces behind their checksum."""
    return [reduce(lambda sum_, piece: zlib.crc32(piece, sum_), pieces, 0).to_bytes(4, "little"), *pieces]


def load(path: Path) -> Any | None:
    """The newest whole state, or None if none was ever saved.

    Raises:
        Refusal: there are checkpoints, but none is whole.
    """
    kept = [candidate for candidate in (path, path.with_suffix(".previous")) if candidate.exists()]
    for candidate in kept:
        data = candidate.read_bytes()
        if len(data) > 4 and zlib.crc32(data[4:]).to_bytes(4, "little") == data[:4]:
            return unpack_state(data[4:])
    if kept:
        what = "it and its predecessor are both damaged: this run cannot go on, start another"
        raise Refusal([Problem(path, what)])
    return None
