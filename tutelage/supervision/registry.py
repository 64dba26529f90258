"""The runs on this machine: where their sockets are, which processes they have. Files, so that it needs no server.

Each run has a folder for its sockets under one that all runs of a user share; `run_dir` in it says where the run is,
and the run's `processes.json` what runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tutelage.files import durable
from tutelage.graph import Graph
from tutelage.input.problems import Problem, Refusal, complain
from tutelage.supervision import private


class Running(NamedTuple):
    """A run whose launcher lives."""

    run_dir: Path
    socket_dir: Path
    graph: Graph
    processes: dict[str, dict[str, Any]]

    @property
    def name(self) -> str:
        """The run's name, which its messages bear."""
        return self.socket_dir.name.rpartition("-")[0]


def folder() -> Path:
    """Where the folders of this user's runs are, which nobody else can enter.

    Raises:
        Refusal: another user could come between.
    """
    return private.made(private.places()[0])


def enter(run: str, run_dir: Path, secret: bytes) -> Path:
    """A new folder for a run's sockets, which only its user can enter; the secret is there for programs of the user.

    Raises:
        Refusal: another user could come between.
    """
    sockets = folder() / f"{run}-{os.getpid()}"
    sockets.mkdir(mode=0o700)
    with open(os.open(sockets / "secret", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret.hex())
    (sockets / "run_dir").write_text(str(run_dir))
    return sockets


def note(run_dir: Path, socket_dir: Path, launcher: int, processes: dict[str, dict[str, Any]]) -> None:
    """Writes which processes a run has: the launcher, and by node its pid, restarts, and whether it has ended."""
    about = {"launcher": launcher, "sockets": str(socket_dir), "nodes": processes}
    durable.write(run_dir / "processes.json", json.dumps(about, indent=2).encode(), durable=False)


def runs() -> list[Running]:
    """The runs of this user on this machine, the newest last."""
    found = []
    for entry in sorted(entry for place in private.places() if place.exists() for entry in _entries(place)):
        with contextlib.suppress(FileNotFoundError):  # it has just ended, or is just about to begin
            found += [(entry.stat().st_mtime, run) for run in [_running(entry)] if run]
    return [run for _, run in sorted(found, key=lambda pair: pair[0])]


def _entries(place: Path) -> list[Path]:
    """What is in a folder of sockets; nothing where it is not private and no run of ours would begin there."""
    try:
        private.check(place)
    except Refusal:
        if place == private.places()[0]:
            raise
        return []
    return list(place.glob("*/run_dir"))


def _running(entry: Path) -> Running | None:
    """The run of a folder of sockets, if its launcher lives. One whose files are damaged is named, and left out."""
    run_dir = Path(entry.read_text(errors="replace"))
    path = run_dir / "processes.json"
    try:
        if not path.exists():
            return None
        about = durable.read_json(path)
        launcher, sockets, nodes = (about.get(name) for name in ("launcher", "sockets", "nodes"))
        if not (
            isinstance(launcher, int)
            and 0 < launcher < 2**31
            and isinstance(nodes, dict)
            and all(map(_is_process, nodes.values()))
        ):
            raise Refusal([Problem(path, "this file is damaged, it does not list the processes of a run")])
        if sockets != str(entry.parent) or not alive(launcher):
            return None
        return Running(run_dir, entry.parent, Graph.of_run(run_dir), nodes)
    except (Refusal, OSError) as damage:
        complain(str(damage))
        return None


def _is_process(listed: Any) -> bool:
    kinds = {"restarts": int, "ended": bool}
    is_whole = isinstance(listed, dict) and all(isinstance(listed.get(name), kind) for name, kind in kinds.items())
    return is_whole and _is_pid(listed.get("pid"))


def _is_pid(value: Any) -> bool:
    return isinstance(value, int) and 0 < value < 2**31


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
