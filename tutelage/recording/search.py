"""Finds the recording that a path on the command line means: a file, or a run's folder that contains one."""

from __future__ import annotations

from pathlib import Path

from tutelage.files import durable
from tutelage.graph import Graph
from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import program
from tutelage.recording.reader import Reader

FILE = "recording.mcap"


def find(path: Path) -> Path:
    """The path of the recording.

    Raises:
        Refusal: there is none.
    """
    found = path / FILE if path.is_dir() else path
    if found.is_file():
        return found
    if (path / "run.json").is_file():
        what = "this run was not recorded, so there is nothing to verify or replay: launch it again with record:=true"
    else:
        what = f"there is no {found.name} here: launch with record:=true, or use `{program()} bag record`"
    raise Refusal([Problem(path, what)])


def graph(recording: Path, newest: bool = False) -> Graph:
    """The graph that was recorded; the `newest` one knows of all budgets of a run that was extended.

    Raises:
        Refusal: the recording does not contain it.
    """
    try:
        return Graph.from_json(about(recording, newest)["graph"])
    except ValueError as error:
        raise Refusal([Problem(recording, f"its graph cannot be read: {error}")]) from error


def was_interrupted(recording: Path) -> bool:
    """Whether the run of a recording was interrupted."""
    report = recording.parent / "report.json"
    code = durable.read_json(report).get("exit_code") if report.exists() else 0
    return isinstance(code, int) and code >= 128


def about(recording: Path, newest: bool = False) -> dict[str, str]:
    """What a recording's first metadata say of its run, or its `newest`, for which all of it is read.

    Raises:
        Refusal: they do not contain a graph.
    """
    reader = Reader(recording)
    for _ in reader:
        if not newest:
            break
    if not reader.about or "graph" not in reader.about[0]:
        raise Refusal([Problem(recording, "this recording does not contain its graph")])
    return reader.about[-1 if newest else 0]
