"""Files that survive a power cut, and whose damage is noticed: all files that `launch --resume` needs.

A file is written under another name, flushed and renamed; then its folder is flushed, which puts the name on the disk.
A JSON file has its checksum as its last key; a file of an older version has none, and is accepted.
"""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tutelage.input.problems import Problem, Refusal

CHECKSUM = "checksum"


def write(
    path: Path, data: bytes | Sequence[bytes | memoryview], durable: bool = True, predecessor: Path | None = None
) -> None:
    """Replaces a file in one step. After a crash, if `durable` also after a power cut, the old or the new one is there.

    The data may come in pieces, which are not joined. The old file moves to `predecessor`, if there is one; then for a
    moment only that file is there.
    """
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        file.writelines([data] if isinstance(data, bytes) else data)
        file.flush()
        if durable:
            _flush(file.fileno())
    if predecessor and path.exists():
        path.replace(predecessor)
    fresh.replace(path)
    if durable:
        flush_folder(path.parent)


def copy(source: Path, target: Path) -> None:
    """Copies a file; the copy survives a power cut."""
    make_folder(target.parent)
    write(target, source.read_bytes())


def flush(path: Path) -> None:
    """Flushes a file and its name to the disk."""
    with path.open("rb") as file:
        _flush(file.fileno())
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Flushes the names in a folder to the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _flush(file: int) -> None:
    os.fsync(file)
    if hasattr(fcntl, "F_FULLFSYNC"):  # on macOS fsync leaves data in the disk's cache
        fcntl.fcntl(file, fcntl.F_FULLFSYNC)


def make_folder(folder: Path) -> None:
    """Makes a folder and its missing parents, which survive a power cut."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        flush_folder(folder.parent)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes JSON with its checksum."""
    write(path, to_json(content).encode())


def to_json(content: dict[str, Any]) -> str:
    """Content as readable JSON, with its checksum as the last key."""
    plain = json.loads(json.dumps(content))
    return json.dumps({**plain, CHECKSUM: _checksum(plain)}, indent=2) + "\n"


def read_json(path: Path) -> dict[str, Any]:
    """The content of a file of `write_json`, or of any file with a JSON object.

    Raises:
        Refusal: it cannot be read, or is damaged.
    """
    try:
        return from_json(path.read_text(errors="replace"))
    except OSError as error:
        raise Refusal([Problem(path, f"this file cannot be read: {error.strerror}")]) from error
    except ValueError as error:
        raise Refusal([Problem(path, str(error))]) from error


def from_json(text: str) -> dict[str, Any]:
    """The content of such a file's text.

    Raises:
        ValueError: it is damaged, in one sentence.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this file is damaged: it is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise ValueError("this file is damaged: it is not a JSON object")
    checksum = content.pop(CHECKSUM, None)
    if checksum is not None and checksum != _checksum(content):
        raise ValueError(f"this file was damaged or changed: its checksum is wrong (remove '{CHECKSUM}' if you did it)")
    return content


def _checksum(content: dict[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"crc32 {zlib.crc32(canonical.encode()):08x}"
