"""What killed runs have left: folders of sockets, and processes that nobody ended. The next run sweeps it.

A launcher holds a lock in its folder of sockets for as long as it lives. The processes of a run bear a mark: what was
forked has that lock's file open, what was started has the folder in its environment, also in a session of its own.
Linux shows both in /proc. Elsewhere only the folders are swept.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import time
from pathlib import Path

from tutelage.input.problems import Refusal
from tutelage.supervision import private, registry

LOCK = "launcher.lock"

MARK = "TUTELAGE_RUN"
"""The variable of a process's environment that names its run's folder of sockets."""

END_SECONDS = 1.0
"""How long it takes at most: what waits for a disk that does not answer is killed, but ends only when that answers."""

BEGINNING_SECONDS = 60.0
"""A folder without a lock is younger: its run is just beginning. Or its launcher is of a version that had no locks."""


def hold(socket_dir: Path) -> int:
    """Locks a run's folder of sockets until this process ends or closes this file. Those it forks do not hold it."""
    fresh = socket_dir / f"{LOCK}.new"
    file = os.open(fresh, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fresh.rename(socket_dir / LOCK)
    return file


def sweep_all() -> None:
    """Sweeps wherever sockets of this user can be: a run from a login session has them elsewhere than one from cron."""
    for place in private.places():
        with contextlib.suppress(Refusal, FileNotFoundError):  # a place that is not ours alone has nothing of ours
            private.check(place)
            sweep(place)


def sweep(folder: Path) -> None:
    """Ends the processes of runs whose launcher is gone, and removes their sockets."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        with contextlib.suppress(OSError):  # it has just gone, or is not ours to remove
            if entry.is_dir() and not entry.is_symlink() and _is_left(entry):
                end(entry)
                shutil.rmtree(entry)


def _is_left(socket_dir: Path) -> bool:
    """Whether the launcher of a run is gone."""
    lock = socket_dir / LOCK
    if not lock.exists():
        launcher = socket_dir.name.rpartition("-")[2]
        is_old = time.time() - socket_dir.stat().st_mtime > BEGINNING_SECONDS
        return is_old and launcher.isdecimal() and not registry.alive(int(launcher))
    with lock.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def end(socket_dir: Path) -> None:
    """Kills all processes that bear a run's mark, and those that they start meanwhile; not this one."""
    deadline = time.monotonic() + END_SECONDS
    while (marked := _marked(socket_dir)) and time.monotonic() < deadline:
        for pid in marked:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _marked(socket_dir: Path) -> list[int]:
    lock = os.path.realpath(socket_dir / LOCK)
    variable = f"{MARK}={socket_dir}".encode()
    numbers = [int(process.name) for process in Path("/proc").glob("[0-9]*")]
    return [pid for pid in numbers if pid != os.getpid() and _bears_mark(Path(f"/proc/{pid}"), variable, lock)]


def _bears_mark(process: Path, variable: bytes, lock: str) -> bool:
    try:
        if variable in (process / "environ").read_bytes().split(b"\0"):
            return True
        return any(os.readlink(file) == lock for file in os.scandir(process / "fd"))
    except OSError:  # it has just ended, or is another user's
        return False
