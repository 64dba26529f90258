"""Running the command line as a person does: as a process of its own, in a folder of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CLI = Path(__file__).parents[1] / "cli.py"


class Run:
    """A run that was started in a folder, what it prints in a file there."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.run_dir = folder / "run"
        self._printed = folder / "printed.txt"
        command = [sys.executable, str(CLI), "launch", *arguments, "--run-dir", str(self.run_dir)]
        with self._printed.open("w") as out:
            self.process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, start_new_session=True)

    def wait(self, seconds: float = 60) -> "Run":
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
        path = self.run_dir / "processes.json"
        listed = json.loads(path.read_text())["nodes"] if path.exists() else {}
        return {name: node["pid"] for name, node in listed.items()}

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def finished(folder: Path, *arguments: str) -> Run:
    """A run that was started and came to a good end."""
    run = Run(folder, *arguments).wait()
    if run.process.returncode:
        pytest.fail(f"exit code {run.process.returncode}:\n{run.output}")
    return run
