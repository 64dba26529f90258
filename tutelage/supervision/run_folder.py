"""The folder of a run: made for it alone, locked while it runs, and left as it was found if the run is refused."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

from tutelage.files import durable
from tutelage.graph import Graph
from tutelage.input.problems import Problem, Refusal

LOCK = "lock"

LOCK_SECONDS = 5.0
"""How long a run waits until the earlier processes of its folder have exited."""

FREE_BYTES = 64 * 2**20
"""The disk space that a run needs to begin."""


def new(graph: Graph) -> Path:
    """Makes `runs/<time>-<algorithm>-<environment>`, and a number behind it if that is taken: no two runs share one."""
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    name = environment(graph).replace(":", ".").replace("/", ".")
    folder = wanted = Path("runs", "-".join(filter(None, (stamp, graph.name, name)))).resolve()
    number = 1
    while not _make(folder):
        number += 1
        folder = wanted.with_name(f"{wanted.name}-{number}")
    return folder


@contextlib.contextmanager
def usable(run_dir: str | None) -> Iterator[None]:
    """Raises Refusal where a new run's folder cannot be made or written."""
    try:
        yield
    except OSError as error:
        raise Refusal([Problem(run_dir or "runs", f"the run's folder cannot be used: {error}")]) from error


def claim(graph: Graph, run_dir: str | None) -> tuple[Path, bool]:
    """The folder of a new run, `run_dir` if it is named, and whether it was made for it.

    Raises:
        OSError: it cannot be made.
        FileExistsError: it contains a run.
    """
    if not run_dir:
        return new(graph), True
    folder = Path(run_dir).resolve()
    check_unused(folder)
    return folder, _make(folder)


def _make(folder: Path) -> bool:
    """Makes a folder; whether it was not there. Raises OSError if the disk has no room for a run."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < FREE_BYTES:
        raise OSError(f"only {free // 2**20} MB are free there, {FREE_BYTES // 2**20} MB are needed: free some")
    durable.make_folder(folder.parent)
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    durable.flush_folder(folder.parent)
    return True


def check_unused(folder: Path) -> None:
    """Raises FileExistsError if a folder contains a run."""
    if (folder / "run.json").exists():
        unfinished = "" if (folder / "report.json").exists() else f", or resume it by --resume {folder}"
        raise FileExistsError(f"{folder} contains a run already: name another folder{unfinished}")


def prepare(folder: Path) -> None:
    """Makes what all runs have in their folder. Raises as `claim` does."""
    check_unused(folder)
    for name in ("logs", "checkpoints"):
        durable.make_folder(folder / name)


def leave(folder: Path, found: set[Path], is_new: bool) -> None:
    """Removes the traces of a refused run, so that the corrected command can use the folder; what was found stays."""
    for path in set(folder.iterdir()) - found - {folder / LOCK}:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / LOCK).unlink()
    if is_new:
        with contextlib.suppress(OSError):  # another launch, which waited for the lock, has it now
            folder.rmdir()


def environment(graph: Graph) -> str:
    """The name of a graph's environment, by its `env` argument."""
    env = graph.arguments.get("env", "")
    return str(env["id"] if isinstance(env, dict) else env)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the run's lock. The run's processes inherit it, so the lock is free when the last of them is gone.

    Raises:
        Refusal: the run is still running, or its folder cannot be written.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while (lock := _lock(folder)) is None:
        if time.monotonic() > deadline:
            raise Refusal([Problem(folder, "this run is still running: stop it first")])
        time.sleep(0.05)
    with lock:
        yield


def _lock(folder: Path) -> IO[str] | None:
    """The lock, unless another process has it. Who has a file that a refused run has removed, has no lock."""
    try:
        file = (folder / LOCK).open("w")
    except OSError as error:
        raise Refusal([Problem(folder, f"the run's folder cannot be written: {error}")]) from error
    with contextlib.suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file.fileno()), (folder / LOCK).stat()):
            return file
    file.close()
    return None
