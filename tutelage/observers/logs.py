"""The log of a node: what its process prints, during the run and after it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from tutelage.files.naming import file_name
from tutelage.graph import Graph
from tutelage.input.problems import Problem, Refusal, did_you_mean
from tutelage.observers import runs
from tutelage.supervision import registry

LOOK_SECONDS = 0.1
"""How often a followed log is read."""


def find(node: str, run: str | None) -> Path:
    """The log of a node in a run: the newest that runs, or the one of this name or folder, which may have ended.

    Raises:
        Refusal: there is no such run or node.
    """
    ended = run is not None and (Path(run) / "graph.json").exists()
    folder = Path(run).resolve() if run and ended else runs.running(run).run_dir
    names = [plan.name for plan in Graph.of_run(folder).nodes]
    if node not in names:
        raise Refusal([Problem(node, f"there is no such node in {folder.name}; {did_you_mean(node, names)}")])
    return folder / "logs" / f"{file_name(node)}.log"


def lines(log: Path, last: int | None, follow: bool) -> Iterator[str | None]:
    """The `last` lines of a log (None: all). With `follow`, also each new line, until the run has ended."""
    if not log.exists():  # the node was not started yet
        return
    with log.open(errors="replace") as file:
        yield from (line.rstrip("\n") for line in deque(file, last))
        while follow:
            going = any(log.is_relative_to(run.run_dir) for run in registry.runs())
            yield from (line.rstrip("\n") for line in file)
            if not going:
                return
            time.sleep(LOOK_SECONDS)
            yield None
