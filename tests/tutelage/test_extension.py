"""A run that has used its budget is given more, and goes on from before its end."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

import tutelage
from tests.parts.run_cli import Run, cli, finished
from tests.tutelage.test_resuming import resumed

GAIL = ("gail.yaml", "episodes:=2", "seed:=3")
CONSTANT = ("dac.yaml", "episodes:=2", "settings:={annealing: 0, final_cloning_weight: 1}")
"""Nothing in this run changes with the share of the budget that is used."""


def extended(run: Run, budget: int) -> Run:
    again = Run(run.run_dir.parent, "--resume", str(run.run_dir), f"budget:={budget}").wait()
    assert again.process.returncode == 0, again.output
    return again


def test_a_finished_run_is_extended_in_its_folder(tmp_path: Path) -> None:
    run = finished(tmp_path, *GAIL, "budget:=6144", "keep:=3")
    former, report = (run.run_dir / "weights.safetensors").read_bytes(), run.report
    version_3 = run.run_dir / "kept" / "000003.safetensors"
    version_3.unlink()
    again = extended(run, 8192)
    assert version_3.read_bytes() == former  # it passes through the former final weights
    assert again.report["environment_steps"] == 8192 and again.digest != report["weights_digest"]
    assert (run.run_dir / "weights.former.safetensors").read_bytes() == former
    metrics = tutelage.Run(run.run_dir).metrics
    steps = metrics["time/total_timesteps"][~np.isnan(metrics["train/approx_kl"])]
    assert steps.tolist() == [2048.0 * (i + 1) for i in range(4)]
    for words, sentence in (
        (["budget:=8192"], "this run has learned from 8192 environment steps: name a budget above that"),
        (["budget:=many"], "takes budget:=N alone"),
        (["seed:=4"], "takes budget:=N alone"),
        ([], "this run has finished: extend it by budget:=N"),
    ):
        done = cli("launch", "--resume", run.run_dir, *words)
        assert done.returncode == 2 and sentence in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_run_without_schedules_that_is_extended_twice_is_one_with_that_budget_from_the_start(tmp_path: Path) -> None:
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = finished(tmp_path / "whole", *CONSTANT, "budget:=10240")
    run = finished(tmp_path / "parts", *CONSTANT, "budget:=6144")
    assert extended(run, 8192).digest != whole.digest
    assert extended(run, 10240).digest == whole.digest


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_an_extended_run_is_the_same_each_time_and_goes_on_after_an_interrupt(tmp_path: Path) -> None:
    digests = []
    for name in ("quiet", "interrupted"):
        (tmp_path / name).mkdir()
        run = finished(tmp_path / name, *GAIL, "budget:=8192", "record:=true")
        if name == "quiet":
            digests.append(extended(run, 32768).digest)
        else:
            again = Run(run.run_dir.parent, "--resume", str(run.run_dir), "budget:=32768")
            while np.nanmax(tutelage.Run(run.run_dir).metrics["time/total_timesteps"]) < 16384:
                time.sleep(0.02)
            os.kill(again.process.pid, signal.SIGINT)
            digests.append(resumed(again).digest)
        assert cli("verify", run.run_dir).returncode == 0
    assert digests[0] == digests[1]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_run_that_ended_before_its_budget_is_not_extended(tmp_path: Path) -> None:
    run = finished(tmp_path, *GAIL, "enough:=5", "evaluate_every:=1", "budget:=114688")
    done = cli("launch", "--resume", run.run_dir, "budget:=200000")
    assert done.returncode == 2 and "this run did not end by its budget" in done.stderr
