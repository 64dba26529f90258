"""Several learners that share each minibatch: they stay equal, and the run is the same, whatever is killed."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.parts.run_cli import Run, cli, finished
from tutelage import play
from tutelage.files import checkpoint
from tutelage.graph import node_class
from tutelage.launcher import graph
from tutelage.setting import Setting

FEW = ("ppo.yaml", "learners:=3", "budget:=16384", "episodes:=2")
LEARNERS = ("learner", "learner-1", "learner-2")


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that nothing disturbs."""
    return finished(tmp_path_factory.mktemp("quiet"), *FEW, "record:=true")


def test_they_all_learn_the_same(quiet: Run) -> None:
    saved: list[Any] = [checkpoint.load(quiet.run_dir / f"checkpoints/{name}.checkpoint") for name in LEARNERS]
    first, *others = [one["node"]["algorithm"]["adam.parameters"] for one in saved]
    assert all(not one["node"]["update"]["losses"] for one in saved), "a checkpoint holds what is still to do alone"
    assert all(np.array_equal(first, other) for other in others)


def test_one_process_ends_in_the_same_digest(tmp_path: Path, quiet: Run) -> None:
    assert finished(tmp_path, *FEW, "--one-process").digest == quiet.digest


def test_a_recording_holds_what_every_learner_says_again(quiet: Run) -> None:
    done = cli("verify", quiet.run_dir)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("killed", [("learner-1",), pytest.param(LEARNERS, marks=pytest.mark.slow)])
def test_learners_that_are_killed_come_back_where_they_were(
    tmp_path: Path, quiet: Run, killed: tuple[str, ...]
) -> None:
    run = Run(tmp_path, *FEW)
    run.until_learning(rows=3)
    for name in killed:
        os.kill(run.nodes()[name], signal.SIGKILL)
    assert run.wait().digest == quiet.digest, run.output
    assert run.report["node_restarts"] == dict.fromkeys(killed, 1)


@pytest.mark.parametrize("stop", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_a_run_that_was_cut_off_goes_on(tmp_path: Path, quiet: Run, stop: signal.Signals) -> None:
    run = Run(tmp_path, *FEW)
    run.until_learning(rows=3)
    run.process.send_signal(stop)
    run.wait()
    assert (run.run_dir / "weights.interim.safetensors").exists() == (stop == signal.SIGINT), run.output
    assert run.resumed().digest == quiet.digest


def test_an_interrupt_ends_all_of_them_in_one_process(tmp_path: Path) -> None:
    run = Run(tmp_path, *FEW[:2], "budget:=100000000", "episodes:=2", "--one-process")
    try:
        run.until_learning(rows=2)
        run.process.send_signal(signal.SIGINT)
        run.wait()
    finally:
        run.kill()
    assert run.process.returncode == 130, run.output


@pytest.mark.slow
@pytest.mark.parametrize("file", ["gail.yaml", "airl.yaml"])
def test_imitation_has_them_too(tmp_path: Path, file: str) -> None:
    words = (file, "env:=Pendulum-v1", "learners:=2", "budget:=8192", "episodes:=1")
    assert finished(tmp_path / "apart", *words).digest == finished(tmp_path, *words, "--one-process").digest


def test_a_setting_of_the_first_is_one_of_all_and_the_others_have_none() -> None:
    learners = [plan for plan in graph("ppo.yaml", ["learners:=2", "steering:=true"]).nodes if plan.name in LEARNERS]
    for plan in learners:
        kind = node_class(plan.run)
        learner: Any = kind(**plan.parameters)
        learner.name = plan.name
        assert "setting" in plan.takes and bool(kind.ranges(plan.parameters)) == (plan.name == "learner")
        said = [
            Setting(0, 0, of, "clip", value) for of, value in (("learner", 0.1), ("learner-1", 0.2), ("policy", 0.9))
        ]
        list(play(learner, said))
        assert learner.algorithm.settings.clip == learner.steered["clip"] == 0.1
    assert len(learners) == 2
