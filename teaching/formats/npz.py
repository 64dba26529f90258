"""npz files: the columns of `teaching/formats/columns.py`, and the environment in `env_id` and `env_kwargs` (JSON)."""

from __future__ import annotations

import json
import math
import os
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np

from tutelage.files.unpacking import most_bytes
from tutelage.tasks.task import Env
from tutelage.teaching.formats.columns import joined, split
from tutelage.teaching.formats.trajectory import Demonstrations, Unfit

UNREADABLE = (OSError, ValueError, EOFError, AttributeError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""Exceptions of numpy and zipfile for a file that is not npz."""


def read(path: Path) -> Demonstrations:
    """All episodes of a file."""
    try:
        with path.open("rb") as opened:
            _check_sizes(opened)
            opened.seek(0)
            with np.load(opened, allow_pickle=False) as file:
                columns = {name: file[name] for name in file.files}
    except Unfit:
        raise
    except UNREADABLE as error:
        raise Unfit(f"cannot be read as npz: {error}") from error
    env = _env(columns.pop("env_id", None), columns.pop("env_kwargs", None))
    trajectories, notes = split(columns)
    return Demonstrations(trajectories, env, notes)


def _check_sizes(file: BinaryIO) -> None:
    """Refuses arrays that would take much memory before they are read, by their stated sizes.

    zipfile gives no more than was stated, and each array must be no larger than its own file in the archive.
    """
    most = most_bytes(file.seek(0, os.SEEK_END))
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if (total := sum(member.file_size for member in members)) > most:
            raise Unfit(f"unpacks to {total} bytes, {most} are read at most: it holds no demonstrations")
        for member in members:
            with archive.open(member) as array:
                shape, dtype = _head(array)
            if math.prod(shape) * max(dtype.itemsize, 1) > member.file_size:
                raise Unfit(f"says that {member.filename} has shape {list(shape)}, which is wrong")


def _head(array: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """The shape and dtype that an array's file states."""
    version = np.lib.format.read_magic(array)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(array)
    return shape, dtype


def write(path: Path, shown: Demonstrations) -> list[str]:
    """Writes them; returns sentences that say what the file does not hold."""
    columns, notes = joined(shown.trajectories), []
    env = {"id": shown.env} if isinstance(shown.env, str) else dict(shown.env or {})
    if "id" in env:
        columns["env_id"], columns["env_kwargs"] = np.array(env["id"]), np.array(json.dumps(env.get("arguments", {})))
    if env.get("wrappers"):
        notes.append("npz does not hold the wrappers of the environment")
    with path.open("wb") as file:  # with a name np.savez adds .npz to it
        np.savez(file, **columns)  # type: ignore[arg-type]
    return notes


def _env(name: np.ndarray | None, arguments: np.ndarray | None) -> Env | None:
    try:
        given = json.loads(str(arguments)) if arguments is not None else {}
    except ValueError as error:
        raise Unfit(f"env_kwargs cannot be read as JSON: {error}") from error
    if not isinstance(given, dict):
        raise Unfit(f"env_kwargs must name the environment's arguments, but are {given!r}")
    if name is None:
        return None
    return {"id": str(name), "arguments": given} if given else str(name)
