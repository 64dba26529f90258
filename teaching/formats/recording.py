"""A recording as demonstrations: an operator's takes, and later verdicts on them.

A recording is never changed. A later verdict on a take is a line in `verdicts.jsonl` beside it:
`{"recording": "recording.mcap", "take": 3, "verdict": "discarded"}`; the last line about a take counts.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.drivers.robot import task_of
from tutelage.files import durable
from tutelage.graph import Graph
from tutelage.invocation import program
from tutelage.supervision import signature
from tutelage.tasks import untrusted
from tutelage.tasks.task import Task
from tutelage.teaching.formats.takes import Said, takes
from tutelage.teaching.formats.trajectory import Demonstrations, Trajectory, Unfit

VERDICTS = ("kept", "discarded")


def recordings(place: Path) -> list[Path]:
    """The recordings in a run's folder, or the one that is named."""
    return sorted(place.glob("*.mcap")) if place.is_dir() else [place] if place.suffix == ".mcap" else []


def read(place: Path, task: Task | None = None, trusted: bool = False) -> Demonstrations:
    """All takes of a run's folder or of one recording, kept or not, each with its last verdict.

    A take that is in several recordings of the folder (of `bag record`, beside the run's own) is read once.
    """
    found = {file.name: takes(file) for file in recordings(place)}
    task = task or next((task for of_file in found.values() if (task := _task(of_file.about, place, trusted))), None)
    last: dict[tuple[str, str, int], Said] = {}
    for said in (one for of_file in found.values() for one in of_file.takes):
        if said.identity not in last or said.sequence >= last[said.identity].sequence:
            last[said.identity] = said
    verdicts = {}
    for file, number, verdict in _verdicts(place):
        having = {one.identity for one in found[file].takes if one.take.take == number} if file in found else ()
        verdicts.update(dict.fromkeys(having, verdict))
    trajectories = [_one(one, verdicts.get(identity, one.take.verdict), task) for identity, one in last.items()]
    notes = ["the times at which each step was captured and applied stay in the recording"]
    notes += [note for of_file in found.values() for note in of_file.notes]
    return Demonstrations(trajectories, task.given if task else None, notes)


def _task(about: Mapping[str, str], place: Path, trusted: bool) -> Task | None:
    """The task of the run's first node that has one, or of its robot, whose file is code."""
    nodes = Graph.from_json(about["graph"]).nodes if "graph" in about else []
    trusted = trusted or signature.made_here(about)
    for given in (node.parameters for node in nodes):
        if env := given.get("env"):
            if not trusted:
                untrusted.check_env(env, place)
            return Task(env)
        if trusted and isinstance(robot := given.get("robot"), str) and (task := task_of(Path(robot))):
            return task.task
    return None


def judge(place: Path, number: int, verdict: str) -> None:
    """Changes the verdict on a take. The line is on the disk when this returns.

    Raises:
        Unfit: there is no such take, or more than one has its number.
        OSError: the line cannot be written; then nothing of it is.
    """
    if not recordings(place):
        raise Unfit("is not a recording: only recordings have takes to keep or discard")
    having: dict[tuple[str, str, int], Path] = {}
    for file in recordings(place):
        having |= {one.identity: file for one in takes(file).takes if one.take.take == number}
    if len(having) != 1:
        what = f"has {len(having)} takes {number}, name one recording of them" if having else f"has no take {number}"
        raise Unfit(f"{what}: `{program()} demos list` shows what there is")
    (recording,) = having.values()
    line = json.dumps({"recording": recording.name, "take": number, "verdict": verdict}) + "\n"
    _append(_sidecar(place), line.encode())


def _sidecar(place: Path) -> Path:
    return (place if place.is_dir() else place.parent) / "verdicts.jsonl"


def _append(path: Path, line: bytes) -> None:
    """Appends a line, all of it or nothing; lines of two writers do not mix."""
    with path.open("ab", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = os.fstat(file.fileno()).st_size
        try:
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            durable.flush(path)
        except OSError:
            file.truncate(size)
            raise


def _verdicts(place: Path) -> list[tuple[str, int, str]]:
    """Later verdicts on takes: recording, take and verdict, in the order in which they were given."""
    path, verdicts = _sidecar(place), []
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        try:
            said: dict[str, Any] = json.loads(line)
            if said["verdict"] not in VERDICTS:
                raise ValueError(f"'{said['verdict']}' is no verdict")
            verdicts.append((str(said["recording"]), int(said["take"]), str(said["verdict"])))
        except (ValueError, KeyError, TypeError) as error:
            raise Unfit(f"{path.name}, line {number} cannot be read ({error}): correct or delete that line") from error
    return verdicts


def _one(said: Said, verdict: str, task: Task | None) -> Trajectory:
    take, action = said.take, said.take.action
    if action.dtype.kind == "f":
        if task is None:
            what = "the bounds of its actions are not known: name the task (--env, env:=), or --trust its robot's file"
            raise Unfit(f"episode {take.take}: {what}")
        action = task.spaces.to_task(action)
    return Trajectory(
        take.observation,
        action,
        take.reward,
        take.terminated,
        take.truncated,
        take.take,
        verdict,
        take.operator,
        take.device,
        take.seed,
        said.when,
        rate=_rate(take.captured),
    )


def _rate(captured: np.ndarray) -> float | None:
    """Steps a second, from the median of the intervals [ns], so that a person's pause does not count."""
    interval = float(np.median(np.diff(captured))) if len(captured) > 1 else 0.0
    return round(1e9 / interval, 1) if interval > 0 else None
