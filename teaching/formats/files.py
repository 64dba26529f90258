"""Reads and writes demonstrations of every format; the path decides which."""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import numpy as np

from tutelage.input.problems import Problem, Refusal
from tutelage.tasks import untrusted
from tutelage.tasks.task import Env, Task
from tutelage.teaching.formats import hdf5, hub, lerobot, lerobot_reader, minari, npz, recording, ros2_bag
from tutelage.teaching.formats.trajectory import Demonstrations, Trajectory, Unfit, check

FOREIGN: tuple[type[Exception], ...] = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
FOREIGN += (RuntimeError, MemoryError, OSError, struct.error)
"""Exceptions of libraries that read a damaged file."""


def read(
    place: str | Path,
    task: Task | None = None,
    leave_out_unfinished: bool = False,
    trusted: bool = False,
    actions: bool = True,
) -> Demonstrations:
    """All episodes of a file, a folder, a recording or a Minari dataset's id; they fit the task, if it is given.

    Otherwise the file names its task; only a `trusted` one may name code as its environment. Without `actions` these
    may be missing, and need not fit.

    Raises:
        Refusal: a file cannot be read, or does not fit; names file, episode and step.
    """
    try:
        shown = _read(str(place), task, trusted)
        if leave_out_unfinished:
            shown = _finished(shown)
        _check(shown, task, actions)
    except Unfit as error:
        raise Refusal([Problem(place, str(error))]) from error
    except FOREIGN as error:
        raise Refusal([Problem(place, f"cannot be read ({type(error).__name__}: {error})")]) from error
    return shown._replace(env=task.given) if task else shown


def env_of(place: str) -> Env | None:
    """The environment that demonstrations name, None if they name none. Raises as `read` does."""
    return read(place).env


def _check(shown: Demonstrations, task: Task | None, actions: bool) -> None:
    """Refuses episodes that do not fit the task, and says of which task they are if they say so."""
    try:
        check(kept(shown), task.spaces if task else None, actions)
    except Unfit as error:
        if task is None or shown.env is None or _named(shown.env) == _named(task.given):
            raise
        raise Unfit(f"{error}; it says that it is of {_named(shown.env)}: add env:={_named(shown.env)}") from error


def kept(shown: Demonstrations) -> list[Trajectory]:
    """The kept episodes, to learn from."""
    return [one for one in shown.trajectories if one.verdict == "kept"]


def merged(all_shown: Iterable[Demonstrations]) -> Demonstrations:
    """The kept episodes of several files, as one. An episode that is in several of them, to the bit, is taken once.

    Raises:
        Refusal: they are of different tasks.
    """
    together = list(all_shown)
    env = next((shown.env for shown in together if shown.env is not None), None)
    trajectories, again = _once([kept(shown) for shown in together])
    notes = [f"{again} episodes are in more than one of the files, and taken once"] if again else []
    for what, found in (
        ("environments", {_named(shown.env) for shown in together if shown.env is not None}),
        ("observations", {str(list(one.observation.shape[1:])) for one in trajectories}),
        ("actions", {_kind(one.action) for one in trajectories}),
    ):
        if len(found) > 1:
            both = " and ".join(sorted(found))
            raise Refusal([Problem("merge", f"the files have different {what} ({both}): merge those of one task")])
    numbered = [one._replace(number=i) for i, one in enumerate(trajectories)]
    return Demonstrations(numbered, env, [note for shown in together for note in shown.notes] + notes)


def _once(by_file: list[list[Trajectory]]) -> tuple[list[Trajectory], int]:
    """The episodes that no earlier file has; how many others there are. A duplicate within one file stays."""
    found, seen = list[Trajectory](), set[bytes]()
    for episodes in by_file:
        marked = [(sha256(one.observation.tobytes() + one.action.tobytes()).digest(), one) for one in episodes]
        found += [one for mark, one in marked if mark not in seen]
        seen |= {mark for mark, _ in marked}
    return found, sum(map(len, by_file)) - len(found)


def write(
    place: str, shown: Demonstrations, to: str, task: str = "", fps: float | None = None
) -> tuple[Path, list[str]]:
    """Writes the kept episodes; returns the path, and what the format does not hold. A file is never incomplete.

    Raises:
        Refusal: the name exists, there is nothing to write, or the format cannot hold it.
    """
    path, name = minari.located(place) if to.startswith("minari") else (Path(place).expanduser(), "")
    part = path.parent / f".{path.name}.part"
    try:
        if path.exists():
            raise Unfit("is there already: delete it, or write elsewhere")
        if not kept(shown):
            raise Unfit("there is no episode to write")
        if to != "npz" and any(one.action.shape[1:] == (0,) for one in kept(shown)):
            raise Unfit(f"{to} does not hold episodes without actions: write them with --to npz")
        part.parent.mkdir(parents=True, exist_ok=True)
        _clear(part)
        notes = _write(part, name, shown._replace(trajectories=kept(shown)), to, task, fps)
        part.replace(path)
    except (Unfit, OSError) as error:
        raise Refusal([Problem(path, str(error))]) from error
    finally:
        _clear(part)
    return path, notes


def judge(place: str, take: int, verdict: str) -> None:
    """Changes the verdict on a take of a recording.

    Raises:
        Refusal: there is no such take, or the verdict cannot be written.
    """
    try:
        recording.judge(Path(place).expanduser(), take, verdict)
    except FOREIGN as error:
        raise Refusal([Problem(place, str(error))]) from error


def _read(place: str, task: Task | None, trusted: bool) -> Demonstrations:
    path = _located(place)
    if recording.recordings(path):
        return recording.read(path, task, trusted)
    shown = _of_format(path, trusted)
    if task is None and shown.env is not None and not trusted:
        untrusted.check_env(shown.env, place)
    return shown


def _located(place: str) -> Path:
    if place.startswith(hub.PREFIX):
        return hub.located(place)
    path = Path(place).expanduser()
    if not os.path.exists(path):
        path = minari.located(place)[0] if minari.ID.fullmatch(place) else path
        if not os.path.exists(path):
            raise Unfit("there is no such file or folder, and no Minari dataset of that id on this machine")
    return path


def _of_format(path: Path, trusted: bool) -> Demonstrations:
    if path.suffix == ".npz":
        return npz.read(path)
    if path.suffix == ".yaml":
        return ros2_bag.read(path)
    if path.suffix in (".hdf5", ".h5"):
        return hdf5.read(path)
    if (path / "data/metadata.json").exists() or (path / "metadata.json").exists():
        return minari.read(path, trusted)
    if (path / lerobot_reader.INFO).exists():
        return lerobot_reader.read(path)
    if (path / "run.json").exists():
        raise Unfit(
            "this run was not recorded, so it holds no demonstrations: record some with record.yaml, or launch it "
            "again with record:=true (and live:=true, where the launch file has it)"
        )
    raise Unfit(
        "holds no demonstrations: name an .npz, .hdf5 or .mcap file, a run's folder, a Minari or LeRobot dataset, "
        "or the .yaml file that says what the topics of ROS 2's bags mean"
    )


def _write(part: Path, name: str, shown: Demonstrations, to: str, task: str, fps: float | None) -> list[str]:
    if to == "npz":
        return npz.write(part, shown)
    if to == "lerobot":
        return lerobot.write(part, shown, task or str(shown.env or "demonstration"), fps)
    return minari.write(part, shown, name, "arrow" if to == "minari-arrow" else "hdf5")


def _named(env: Env) -> str:
    """An environment as text, the same however it is written."""
    said = {"id": env} if isinstance(env, str) else {key: value for key, value in env.items() if value}
    return json.dumps(said, sort_keys=True) if len(said) > 1 else str(said["id"])


def _kind(action: np.ndarray) -> str:
    return f"{'whole numbers' if action.dtype.kind in 'iub' else 'numbers'} {list(action.shape[1:])}"


def _finished(shown: Demonstrations) -> Demonstrations:
    finished = [one for one in shown.trajectories if one.terminated or one.truncated]
    left_out = [str(one.number) for one in shown.trajectories if not (one.terminated or one.truncated)]
    notes = [f"left out, since unfinished: {', '.join(left_out)}"] if left_out else []
    return shown._replace(trajectories=finished, notes=[*shown.notes, *notes])


def _clear(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
