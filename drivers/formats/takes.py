"""The takes of a recording, as they were said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from drivers.formats.trajectory import Unfit
from drivers.robot import task_of
from messages import Take
from tutelage.recording import Reader
from tutelage.task import Env


class Said(NamedTuple):
    """A take as it was said: in which run, by whom, as which message of theirs; when, in seconds of Unix time.

    Where the recording's beginning is damaged the time is not known.
    """

    run: str
    sender: str
    sequence: int
    when: float | None
    take: Take

    @property
    def identity(self) -> tuple[str, str, int]:
        """What is the same of one take in whatever recording."""
        return self.run, self.sender, self.take.take


class Takes(NamedTuple):
    """What a recording has of takes; what the run's task was, where its beginning says so."""

    takes: list[Said]
    env: Env | None
    notes: list[str]


def takes(recording: Path) -> Takes:
    """All of them, in the order in which they were said. A later one of the same number changes the verdict."""
    reader, found = Reader(recording), list[Said]()
    for recorded, take in reader.of(Take):
        if not isinstance(take, Take):
            raise Unfit("has takes with other fields than those of today")
        header, when = recorded.open()[0], _unix_seconds(recorded.received, reader.about)
        found.append(Said(header.run, header.sender, header.sequence, when, take))
    if not reader.about and not found:
        raise Unfit("cannot be read as a recording: it does not begin like one")
    lost = sum(loss.messages for loss in reader.losses if loss.topic.rpartition("/")[2] == Take.topic)
    notes = [f"{lost} takes are lost, the recording says"] if lost else []
    return Takes(found, _env(reader.about), notes + [str(damage) for damage in reader.damages])


def _unix_seconds(received: int, about: list[dict[str, str]]) -> float | None:
    """What the recording's machine called the time, when its monotonic clock said this [ns]."""
    return (received - int(about[-1]["monotonic_ns"]) + int(about[-1]["unix_ns"])) * 1e-9 if about else None


def _env(about: list[dict[str, str]]) -> Env | None:
    """The environment of the first node of the run that has one, or of the robot that one drives."""
    nodes = json.loads(about[0]["graph"])["nodes"] if about and "graph" in about[0] else []
    return next((env for node in nodes if (env := _env_of(node["parameters"]))), None)


def _env_of(parameters: dict[str, Any]) -> Env | None:
    """The environment that a node's parameters name, if need be by a robot's file that is still there."""
    env: Env | None = parameters.get("env")
    robot = parameters.get("robot")
    task = task_of(Path(robot)) if robot and not env else None
    return task.env if task else env
