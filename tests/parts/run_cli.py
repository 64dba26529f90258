"""Running the command line as a person does: as a process of its own, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.parts.forked import Forked

CLI = Path(__file__).parents[2] / "cli.py"


def cli(
    *words: object, cwd: Path | None = None, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """A command, run to its end."""
    arguments = list(map(str, words))
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder) / name for name in ("typed", "printed", "complained")]
        for stream in streams:
            stream.write_text(typed if stream is streams[0] else "")
        process = Forked(CLI, arguments, streams, cwd, os.environ | environment)
        try:
            code = process.wait(100)
        finally:
            process.kill()
        return subprocess.CompletedProcess(arguments, code, streams[1].read_text(), streams[2].read_text())


def fresh(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A command, run to its end in a Python that has loaded nothing."""
    command = [sys.executable, str(CLI), *map(str, words)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60)


class Run:
    """A run that was started in a folder, what it prints in a file there."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.run_dir = folder / "run"
        self._printed = folder / "printed.txt"
        self._printed.write_text("")
        where = () if "--resume" in arguments else ("--run-dir", str(self.run_dir))
        words = ["launch", *arguments, *where]
        self.process: Forked | subprocess.Popen[bytes] = Forked(
            CLI, words, (Path(os.devnull), self._printed, self._printed), folder
        )

    def wait(self, seconds: float = 60) -> Run:
        self.process.wait(timeout=seconds)
        return self

    @property
    def output(self) -> str:
        return self._printed.read_text()

    @property
    def report(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.run_dir / "report.json").read_text())
        return read

    @property
    def digest(self) -> str:
        return str(self.report["weights_digest"])

    def nodes(self) -> dict[str, int]:
        """Process ids of the run's nodes, by name."""
        return {name: node["pid"] for name, node in self._listed().items()}

    def ended(self) -> set[str]:
        """The nodes that have ended."""
        return {name for name, node in self._listed().items() if node["ended"]}

    def _listed(self) -> dict[str, Any]:
        path = self.run_dir / "processes.json"
        return json.loads(path.read_text())["nodes"] if path.exists() else {}

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def finished(folder: Path, *arguments: str, seconds: float = 60) -> Run:
    """A run that was started and came to a good end in time."""
    run = Run(folder, *arguments).wait(seconds)
    if run.process.returncode:
        pytest.fail(f"exit code {run.process.returncode}:\n{run.output}")
    return run
