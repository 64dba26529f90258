"""Running the command line as a person does: as a process of its own, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
        folder.mkdir(parents=True, exist_ok=True)
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

    def ends_well(self, seconds: float = 60) -> Run:
        """Waits for its end, which must be a good one."""
        self.wait(seconds)
        assert self.process.returncode == 0, f"exit code {self.process.returncode}:\n{self.output}"
        return self

    def resumed(self, *arguments: str, seconds: float = 60) -> Run:
        """The run of this folder, resumed or extended, and come to a good end."""
        return finished(self.run_dir.parent, "--resume", str(self.run_dir), *arguments, seconds=seconds)

    def until(self, holds: Callable[[], object], what: str = "it did not come to that", seconds: float = 30) -> None:
        """Waits until something holds. The test fails if it takes longer, or if the run ends first."""
        deadline = time.monotonic() + seconds
        while not holds():
            if self.process.poll() is not None:  # its last words may still be on their way
                deadline = min(deadline, time.monotonic() + 1)
            assert time.monotonic() < deadline, f"not in time: {what}\n{self.output}"
            time.sleep(0.01)

    def until_learning(self, rows: int) -> None:
        """Waits until the run is in the midst of learning: its metrics have so many rows."""
        path = self.run_dir / "metrics.jsonl"
        self.until(
            lambda: path.exists() and path.read_text().count("\n") >= rows, f"{rows} rows of metrics", seconds=100
        )

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Its metrics."""
        return [json.loads(line) for line in (self.run_dir / "metrics.jsonl").read_text().splitlines()]

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
    return Run(folder, *arguments).ends_well(seconds)
