"""The runs on this machine: where their sockets are, which processes they have. Files, so that it needs no server.

Each run has a folder for its sockets under one that all runs of a user share; `run_dir` in it says where the run is,
and the run's `processes.json` what runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tutelage.graph import Graph


class Running(NamedTuple):
    """A run whose launcher lives."""

    run_dir: Path
    socket_dir: Path
    graph: Graph
    processes: dict[str, dict[str, Any]]


def folder() -> Path:
    """Where this user's runs have their sockets: a short path, since a socket's may have some 100 bytes."""
    return Path(tempfile.gettempdir()) / f"tutelage-{os.getuid()}"


def enter(run: str, run_dir: Path) -> Path:
    """A new folder for a run's sockets, which only its user can read."""
    sockets = folder() / f"{run}-{os.getpid()}"
    sockets.mkdir(mode=0o700, parents=True)
    (sockets / "run_dir").write_text(str(run_dir))
    return sockets


def note(run_dir: Path, socket_dir: Path, launcher: int, processes: dict[str, dict[str, Any]]) -> None:
    """Writes which processes a run has: the launcher, and by node its pid, restarts, and whether it has ended."""
    fresh = run_dir / "processes.json.new"
    fresh.write_text(json.dumps({"launcher": launcher, "sockets": str(socket_dir), "nodes": processes}, indent=2))
    fresh.replace(run_dir / "processes.json")


def runs() -> list[Running]:
    """The runs of this user on this machine, the newest last."""
    found = []
    for entry in sorted(folder().glob("*/run_dir")):
        with contextlib.suppress(FileNotFoundError):  # it has just ended, or is just about to begin
            found += [(entry.stat().st_mtime, run) for run in [_running(entry)] if run]
    return [run for _, run in sorted(found, key=lambda pair: pair[0])]


def _running(entry: Path) -> Running | None:
    """The run of a folder of sockets, if its launcher lives."""
    run_dir = Path(entry.read_text())
    about = json.loads((run_dir / "processes.json").read_text())
    if about["sockets"] != str(entry.parent) or not alive(about["launcher"]):
        return None
    return Running(run_dir, entry.parent, Graph.from_json((run_dir / "graph.json").read_text()), about["nodes"])


def alive(pid: int, signalled: Callable[[int, int], None] = os.kill) -> bool:
    """Whether there is a process of this number."""
    try:
        signalled(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def session_alive(pid: int) -> bool:
    """Whether there is a process of this number, or anything that it has started."""
    return alive(pid) or alive(pid, os.killpg)


def signal_session(pid: int, number: signal.Signals, is_there: bool = True) -> None:
    """Signals a process and all that it has started. It leads a session, unless it was stopped just after its fork.

    `is_there`: it has not been waited for. Then its number is not yet another's.
    """
    for send in (os.killpg, os.kill) if is_there else (os.killpg,):
        try:
            send(pid, number)
        except ProcessLookupError:
            continue
        return


def restarts(run_dir: Path) -> dict[str, int]:
    """How often each node of a run was started again in its lives so far."""
    path = run_dir / "processes.json"
    nodes = json.loads(path.read_text())["nodes"] if path.exists() else {}
    return {name: node["restarts"] for name, node in nodes.items() if node["restarts"]}
