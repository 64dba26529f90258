"""The takes of a recording, as they were said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from drivers.formats.trajectory import Unfit
from messages import Take
from tutelage.codec import unpack_state
from tutelage.message import build
from tutelage.task import Env


class Takes(NamedTuple):
    """What a recording has of takes: who said each, when in seconds of Unix time, and it; what the run's task was."""

    takes: list[tuple[str, float, Take]]
    env: Env | None
    notes: list[str]


def takes(recording: Path) -> Takes:
    """All of them, in the order in which they were said. A later one of the same number changes the verdict."""
    try:
        said = unpack_state(recording.read_bytes())
    except (OSError, ValueError) as error:
        raise Unfit(f"cannot be read as a recording: {error}") from error
    found = [(sender, when, build(Take, fields)) for sender, when, fields in said]
    return Takes([(sender, when, take) for sender, when, take in found if isinstance(take, Take)], _env(recording), [])


def _env(recording: Path) -> Env | None:
    """The environment of the first node of the run that has one."""
    path = recording.with_name("graph.json")
    nodes = json.loads(path.read_text())["nodes"] if path.exists() else []
    return next((node["parameters"]["env"] for node in nodes if node["parameters"].get("env")), None)
