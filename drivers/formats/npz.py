"""npz files: the columns of `drivers/formats/columns.py`, and in `env_id` and `env_kwargs` (JSON) which environment."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path

import numpy as np

from drivers.formats.columns import joined, split
from drivers.formats.trajectory import Demonstrations, Unfit
from tutelage.task import Env


def read(path: Path) -> Demonstrations:
    """All episodes of a file."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            columns = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError) as error:
        raise Unfit(f"cannot be read as npz: {error}") from error
    env = _env(columns.pop("env_id", None), columns.pop("env_kwargs", None))
    trajectories, notes = split(columns)
    return Demonstrations(trajectories, env, notes)


def write(path: Path, shown: Demonstrations) -> list[str]:
    """Writes them; gives sentences that say what the file does not hold."""
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
        raise Unfit(f"env_kwargs are to name the environment's arguments, but are {given!r}")
    if name is None:
        return None
    return {"id": str(name), "arguments": given} if given else str(name)
