"""A run that was interrupted or cut off in any way goes on, and ends as if nothing had happened."""

from __future__ import annotations

import os
import signal
import time
from functools import cache
from pathlib import Path

import pytest

from tests.run_cli import Run, finished

ARGUMENTS = ("gail.yaml", "budget:=16384", "episodes:=2", "record:=true")
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]


@cache
def quiet(folder: Path) -> Run:
    return finished(folder, *ARGUMENTS)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return quiet(tmp_path_factory.mktemp("quiet"))


def resumed(folder: Path, run: Run) -> Run:
    while any(Path(f"/proc/{pid}").exists() for pid in run.nodes().values()):
        time.sleep(0.01)
    return Run(folder, "--resume", str(run.run_dir)).wait(100)


@pytest.mark.parametrize("options", [(), ("--one-process",)])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_run_ends_the_same_after(tmp_path, undisturbed, number, options):
    run = Run(tmp_path, *ARGUMENTS, *options)
    after_rows(run, 2)
    os.kill(run.process.pid, number)
    run.wait()
    print(run.output)
    again = resumed(tmp_path, run)
    print(again.output)
    assert again.digest == undisturbed.digest


def after_rows(run: Run, rows: int) -> None:
    path = run.run_dir / "metrics.jsonl"
    while run.process.poll() is None and (not path.exists() or path.read_text().count("\n") < rows):
        time.sleep(0.01)
