"""What runs on a machine that Ray has chosen: an actor, and its process, which does what `tutelage join` does.

The process makes the machine's key; only the public half leaves it. It ends with the actor: its standard input is
their lifeline.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from tutelage.input.problems import Refusal
from tutelage.supervision.child import ROOT
from tutelage.supervision.machines import join
from tutelage.supervision.run import name_of
from tutelage.transport.curve import Key


class Actor:
    """Ray's actor on the machine."""

    def start(self, run: str, run_dir: str, folder: str, log: str, *told: str) -> str:
        """Starts the process in a folder; returns its public key, or nothing if the run's folder is not here.

        Args:
            run, run_dir: the run's name and its folder, which all machines share.
            log: the file of its output.
            told: the last arguments of `serve`.

        Raises:
            RuntimeError: the process cannot begin.
        """
        if not (Path(folder).is_dir() and _is_here(run, Path(run_dir))):
            return ""
        command = [sys.executable, "-P", "-m", "tutelage", "placed", log, run_dir, *told]
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))  # of the same tutelage
        pipe, environment = subprocess.PIPE, os.environ | {"PYTHONPATH": paths}
        with open(log, "ab") as out:
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=out, cwd=folder, env=environment, start_new_session=True
            )
        assert self._process.stdout
        if not (key := self._process.stdout.readline().decode().strip()):
            raise RuntimeError(f"its process has ended at once: {log} says why")
        return key

    def run(self) -> int:
        """Lets the process join, now that its key is known; returns its exit code, once it has ended."""
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # it has ended already
            self._process.stdin.write(b"join\n")
            self._process.stdin.flush()
        return self._process.wait()


def _is_here(run: str, run_dir: Path) -> bool:
    try:
        return name_of(run_dir) == run
    except Refusal:
        return False


def serve(log: Path, run_dir: Path, checkpoints: str, server: str, address: str) -> int:
    """The process: joins the run at an address whose public key is `server`, with a new key; returns the exit code."""
    key = Key.new()
    print(key.public, flush=True)
    os.dup2(2, 1)
    if not sys.stdin.readline():
        return 1
    return join.attend("the launcher", server, key, address, log, run_dir, checkpoints, lifeline=0)
