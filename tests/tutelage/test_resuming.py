"""A run that was interrupted or cut off in any way goes on, and ends as if nothing had happened.

pytest -m slow -n 2 tests/tutelage/test_resuming.py
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.parts.run_cli import CLI, Run, cli, finished
from tests.parts.waiting import until_gone
from tutelage.codec import pack_state
from tutelage.files import checkpoint
from tutelage.recording import Reader

ARGUMENTS = ("gail.yaml", "budget:=16384", "episodes:=2")
TIMES = 50


@pytest.fixture(scope="session")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return finished(tmp_path_factory.mktemp("quiet"), *ARGUMENTS, "record:=true")


def gone(run: Run) -> None:
    """Until no process of a run is left."""
    run.wait()
    until_gone(*run.nodes().values())


def is_over(run: Run) -> bool:
    """Whether it has come to its end, and there is nothing to resume."""
    report = run.run_dir / "report.json"
    return report.exists() and json.loads(report.read_text())["exit_code"] == 0


def resumed(run: Run) -> Run:
    gone(run)
    return run.resumed(seconds=100)


def said(run: Run) -> dict[tuple[str, int], bytes]:
    """All weights that were recorded, by sender and number."""
    recorded = [one.open() for one in Reader(run.run_dir / "recording.mcap") if one.topic == "weights"]
    return {(header.sender, header.sequence): pack_state(fields) for header, fields in recorded}


@pytest.mark.parametrize(("number", "option"), [(signal.SIGHUP, "lag:=1"), (signal.SIGINT, "--one-process")])
def test_an_interrupted_run_goes_on_to_the_same_end(tmp_path, quiet, number, option):
    run = Run(tmp_path, *ARGUMENTS, option, "record:=true")
    run.until_learning(rows=2)
    os.kill(run.process.pid, number)
    gone(run)
    assert run.process.returncode == 128 + number, run.output
    done = cli("evaluate", run.run_dir)
    assert done.returncode == 2 and "this run has not ended" in done.stderr and "interim.safetensors" in done.stderr
    done = cli("evaluate", run.run_dir, "--weights", "weights.interim.safetensors", "--episodes", 1)
    assert done.returncode == 0, done.stderr
    again = resumed(run)
    assert again.digest == quiet.digest and again.report["return_mean"] == quiet.report["return_mean"]
    assert "interrupted" not in again.report and not list(run.run_dir.glob("*interim*"))
    assert said(again) == said(quiet)
    assert len(again.rows) == len(quiet.rows)


def test_half_learned_weights_of_a_killed_run_are_not_taken_for_final_ones(tmp_path):
    run = Run(tmp_path, *ARGUMENTS)
    run.until_learning(rows=2)
    run.kill()
    gone(run)
    assert not (run.run_dir / "weights.safetensors").exists()
    for words in (["evaluate", run.run_dir], ["launch", "gail.yaml", f"policy:={run.run_dir}"]):
        done = cli(*words, cwd=tmp_path)
        assert done.returncode == 2
        assert (
            f"this run has not ended, so it has no final weights: go on with it by `python cli.py launch --resume {run.run_dir}`"
            in (done.stderr)
        )


@pytest.mark.slow
def test_a_run_whose_files_have_no_checksum_goes_on(tmp_path, quiet):
    run = Run(tmp_path, *ARGUMENTS)
    run.until_learning(rows=1)
    run.kill()
    gone(run)
    for name in ("graph.json", "run.json"):
        lines = (run.run_dir / name).read_text().splitlines()
        (whole,) = [at for at, line in enumerate(lines) if '"checksum"' in line]
        lines[whole - 1 : whole + 1] = [lines[whole - 1].rstrip(",")]
        (run.run_dir / name).write_text("\n".join(lines))
    (run.run_dir / "processes.json").write_bytes(b"\0" * 100)
    assert run.resumed(seconds=100).digest == quiet.digest


def test_a_run_whose_nodes_kept_other_things_is_refused_in_a_sentence(tmp_path):
    """As after an update: the checkpoint is of a version of the learner that had no schedule."""
    run = Run(tmp_path, *ARGUMENTS)
    run.until_learning(rows=1)
    run.kill()
    gone(run)
    newest = run.run_dir / "checkpoints" / "learner.checkpoint"
    state = checkpoint.load(newest)
    assert state
    state["node"]["version"] = state["node"].pop("schedule")
    checkpoint.save(newest, state)
    done = cli("launch", "--resume", run.run_dir)
    assert done.returncode == 2 and "PPOLearner: its checkpoint lacks schedule" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_signal_whose_exception_was_lost_still_ends_the_run(tmp_path):
    lines = [
        "import os, signal, sys, weakref",
        f"sys.path.insert(0, {str(CLI.parent)!r})",
        "from tutelage.supervision import run",
        "class Gone: pass",
        "def lose(graph, load=run.load):",
        "    gone = Gone()",
        "    lost = weakref.ref(gone, lambda _: os.kill(os.getpid(), signal.SIGTERM))",
        "    del gone",
        "    load(graph)",
        "run.load = lose",
        "import cli; cli.main()",
    ]
    (tmp_path / "losing.py").write_text("\n".join(lines))
    command = [sys.executable, "losing.py", "launch", *ARGUMENTS, "--run-dir", "run"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 128 + signal.SIGTERM and "interrupted by SIGTERM" in done.stdout, (
        done.stdout + done.stderr
    )


def test_a_folder_that_cannot_be_is_refused_by_a_sentence(tmp_path):
    done = cli("launch", "gail.yaml", "--run-dir", "x" * 300, cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr and "cannot be used" in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("options", [(), ("--one-process",)])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGKILL])
def test_fifty_interrupts_at_random_times(tmp_path, quiet, number, options):
    rng, seconds = random.Random(number), quiet.report["wall_seconds"]
    for i in range(TIMES):
        folder = tmp_path / str(i)
        folder.mkdir()
        run = Run(folder, *ARGUMENTS, *options)
        while not (run.run_dir / "run.json").exists():
            time.sleep(0.005)
        times = sorted(rng.uniform(0, seconds) for _ in range(rng.choice([1, 1, 2])))
        began = time.monotonic()
        for moment in times:
            time.sleep(max(0.0, began + moment - time.monotonic()))
            with contextlib.suppress(ProcessLookupError):  # it has come to its end
                run.process.send_signal(number)
        gone(run)
        if run.process.returncode and not is_over(run):  # a signal may find it just before it exits
            run = resumed(run)
        assert run.digest == quiet.digest, f"interrupt {i} at {times}"
