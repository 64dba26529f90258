"""A recording as demonstrations: the takes that a person drove, and what was later thought of them.

A recording is never changed. Whoever changes their mind about a take adds a line to `verdicts.jsonl` beside it:
`{"recording": "recording.mcap", "take": 3, "verdict": "discarded"}`; the last line about a take counts.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from drivers.formats.takes import takes
from drivers.formats.trajectory import Demonstrations, Trajectory, Unfit
from messages import Take
from tutelage.task import Task

VERDICTS = ("kept", "discarded")


def recordings(place: Path) -> list[Path]:
    """The recordings that a run's folder holds, or the one that is named."""
    return sorted(place.glob("*.mcap")) if place.is_dir() else [place] if place.suffix == ".mcap" else []


def read(place: Path, task: Task | None = None) -> Demonstrations:
    """All takes of a run's folder or of one recording, kept or not; of each what was last said about it."""
    trajectories: list[Trajectory] = []
    notes = ["the times at which each step was captured and applied stay in the recording"]
    for file in recordings(place):
        said, verdicts = takes(file), _verdicts(file)
        task = task or (Task(said.env) if said.env is not None else None)
        last = {(sender, take.take): (take, when) for sender, when, take in said.takes}
        trajectories += [_one(take, verdicts.get(take.take, take.verdict), when, task) for take, when in last.values()]
        notes += said.notes
    return Demonstrations(trajectories, task.given if task else None, notes)


def judge(place: Path, number: int, verdict: str) -> None:
    """Says something else about a take. The line is on the disk when this returns.

    Raises:
        Unfit: there is no such take, or more than one has its number.
    """
    if not recordings(place):
        raise Unfit("is no recording: nothing else has takes to keep or discard")
    having = {
        (file, sender) for file in recordings(place) for sender, _, take in takes(file).takes if take.take == number
    }
    if len(having) != 1:
        what = f"has {len(having)} takes {number}, name one recording of them" if having else f"has no take {number}"
        raise Unfit(f"{what}: `demos list` shows what there is")
    recording = having.pop()[0]
    line = json.dumps({"recording": recording.name, "take": number, "verdict": verdict}) + "\n"
    file = os.open(_sidecar(recording), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(file, line.encode())  # one call: lines of two writers do not mix
        os.fsync(file)
    finally:
        os.close(file)


def _sidecar(recording: Path) -> Path:
    return recording.with_name("verdicts.jsonl")


def _verdicts(recording: Path) -> dict[int, str]:
    path = _sidecar(recording)
    verdicts = {}
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        try:
            said: dict[str, Any] = json.loads(line)
            if said["verdict"] not in VERDICTS:
                raise ValueError(f"'{said['verdict']}' is no verdict")
            if said["recording"] == recording.name:
                verdicts[int(said["take"])] = said["verdict"]
        except (ValueError, KeyError, TypeError) as error:
            raise Unfit(f"{path.name}, line {number} cannot be read ({error}): mend or delete that line") from error
    return verdicts


def _one(take: Take, verdict: str, when: float | None, task: Task | None) -> Trajectory:
    action = take.action
    if action.dtype.kind == "f":
        if task is None:
            raise Unfit(f"episode {take.take}: the bounds of its actions are not known: say which task with --env")
        action = task.spaces.to_task(action)
    seconds = float(take.captured[-1] - take.captured[0]) * 1e-9 if len(take.captured) else 0.0
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
        when,
        rate=round((len(take.captured) - 1) / seconds, 1) if seconds > 0 else None,
    )
