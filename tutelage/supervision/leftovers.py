"""Removes what killed runs have left: socket folders, and processes that nothing has ended. The next run does it.

A launcher locks a file in its socket folder for as long as it lives. The processes of a run bear a mark: a forked
process has the lock's file open, a program has the folder in its environment, also in a session of its own. Linux shows
both in /proc. Other systems remove only the folders.
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
"""The environment variable that names a process's socket folder."""

END_SECONDS = 1.0
"""How long `end` waits: a killed process that waits for a disk ends only when the disk answers."""

BEGINNING_SECONDS = 60.0
"""A younger folder without a lock belongs to a run that is just beginning; an older one to a version without locks."""


def hold(socket_dir: Path) -> int:
    """Locks a socket folder until this process ends or closes the file that is returned. Forks do not hold the lock."""
    fresh = socket_dir / f"{LOCK}.new"
    file = os.open(fresh, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fresh.rename(socket_dir / LOCK)
    return file


def sweep_all() -> None:
    """Sweeps all places of this user's sockets: a login session has them elsewhere than cron."""
    for place in private.places():
        with contextlib.suppress(Refusal, FileNotFoundError):  # others can enter it, so nothing of ours is there
            private.check(place)
            sweep(place)


def sweep(folder: Path) -> None:
    """Ends the processes of runs whose launchers are gone, and removes their socket folders."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        with contextlib.suppress(OSError):  # it is just gone, or not ours to remove
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
    """Kills all processes with a run's mark, and what they start meanwhile, but not this process."""
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
        with os.scandir(process / "fd") as files:
            return any(os.readlink(file) == lock for file in files)
    except OSError:  # it has just ended, or belongs to another user
        return False
