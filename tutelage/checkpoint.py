"""A checkpoint on disk: replaced in one step, its predecessor kept, torn or altered ones noticed."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any

from tutelage.codec import pack_state, unpack_state


def save(path: Path, state: Any, durable: bool = True) -> None:
    """Writes a state so that after a crash, if `durable` a power cut too, it or its predecessor is there, whole."""
    data = pack_state(state)
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(zlib.crc32(data).to_bytes(4, "little"))
        file.write(data)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    if path.exists():
        path.replace(path.with_suffix(".previous"))
    fresh.replace(path)
    if durable:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Has the disk keep the names in a folder: a rename is on it only then."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def load(path: Path) -> Any | None:
    """The newest whole state, or None where none was ever kept.

    Raises:
        ValueError: there is a checkpoint, but neither it nor its predecessor is whole.
    """
    kept = [candidate for candidate in (path, path.with_suffix(".previous")) if candidate.exists()]
    for candidate in kept:
        data = candidate.read_bytes()
        if len(data) > 4 and zlib.crc32(data[4:]).to_bytes(4, "little") == data[:4]:
            return unpack_state(data[4:])
    if kept:
        raise ValueError(f"{path} and its predecessor are both damaged: this run cannot go on, start another")
    return None
