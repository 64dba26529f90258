"""The runs on this machine: their sockets and processes. They are listed in files, so no server is needed.

Each run has a socket folder in a folder that all runs of a user share. The file `run_dir` in it names the run's folder,
whose `processes.json` lists the processes.
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
    """A run whose launcher is alive."""

    run_dir: Path
    socket_dir: Path
    graph: Graph
    processes: dict[str, dict[str, Any]]

    @property
    def name(self) -> str:
        """The run's name, which its messages bear."""
        return self.socket_dir.name.rpartition("-")[0]


def folder() -> Path:
    """The folder of this user's socket folders, which no other user can enter.

    Raises:
        Refusal: another user could enter it.
    """
    return private.made(private.places()[0])


def enter(run: str, run_dir: Path, secret: bytes) -> Path:
    """Makes a run's socket folder, which only its user can enter. The secret is there for the user's programs.

    Raises:
        Refusal: another user could enter it.
    """
    sockets = folder() / f"{run}-{os.getpid()}"
    sockets.mkdir(mode=0o700)
    with open(os.open(sockets / "secret", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret.hex())
    (sockets / "run_dir").write_text(str(run_dir))
    return sockets


def note(
    run_dir: Path, socket_dir: Path, launcher: int, processes: dict[str, dict[str, Any]], begun: bool = True
) -> None:
    """Writes the list of a run's processes: the launcher, and each node's pid, restarts, and whether it has ended.

    Once the run has `begun`, no node can refuse it, and an interrupt ends it in good order.
    """
    about = {"launcher": launcher, "sockets": str(socket_dir), "begun": begun, "nodes": processes}
    durable.write(run_dir / "processes.json", json.dumps(about, indent=2).encode(), durable=False)


def has_begun(run_dir: Path, launcher: int) -> bool:
    """Whether this launcher's run has begun. A list of a former launcher may be damaged: it is written again."""
    with contextlib.suppress(FileNotFoundError, Refusal):
        about = durable.read_json(run_dir / "processes.json")
        return about.get("launcher") == launcher and about.get("begun") is True
    return False


def runs() -> list[Running]:
    """The runs of this user on this machine, the newest last."""
    found = []
    for entry in sorted(entry for place in private.places() if place.exists() for entry in _entries(place)):
        with contextlib.suppress(FileNotFoundError):  # it has just ended, or is just beginning
            found += [(entry.stat().st_mtime, run) for run in [_running(entry)] if run]
    return [run for _, run in sorted(found, key=lambda pair: pair[0])]


def _entries(place: Path) -> list[Path]:
    """The runs in a folder of socket folders; none if it is not private, and new runs would not begin there."""
    try:
        private.check(place)
    except Refusal:
        if place == private.places()[0]:
            raise
        return []
    return list(place.glob("*/run_dir"))


def _running(entry: Path) -> Running | None:
    """The run of a socket folder, if its launcher is alive. Damaged files are reported, and the run is left out."""
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
            raise Refusal([Problem(path, "this file is damaged: it does not list the processes of a run")])
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
    """Whether there is a process with this number."""
    try:
        signalled(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def session_alive(pid: int) -> bool:
    """Whether there is a process with this number, or one that it has started."""
    return alive(pid) or alive(pid, os.killpg)


def signal_session(pid: int, number: signal.Signals, is_there: bool = True) -> None:
    """Signals a process and all that it has started. It leads a session, unless it was stopped just after its fork.

    `is_there`: it has not been waited for, so no other process has its number yet.
    """
    for send in (os.killpg, os.kill) if is_there else (os.killpg,):
        try:
            send(pid, number)
        except (ProcessLookupError, PermissionError):  # macOS says the latter of a group that has only zombies
            continue
        return
