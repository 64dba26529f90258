"""A run that has used its budget is given more, and goes on from before its end."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tutelage
from tests.parts.run_cli import Run, cli, finished
from tests.tutelage.test_resuming import resumed
from tutelage import launcher
from tutelage.extension import BEGUN, extend
from tutelage.files import checkpoint
from tutelage.files.weights import FINAL, FORMER, KEPT
from tutelage.graph import Graph
from tutelage.input.problems import Refusal
from tutelage.launcher import graph
from tutelage.message import Message
from tutelage.messages import Evaluation, Weights
from tutelage.nodes.evaluator import Evaluator
from tutelage.nodes.learner import PPOLearner
from tutelage.nodes.report import Report
from tutelage.recording.writer import about_run
from tutelage.supervision import run as running
from tutelage.supervision import run_folder, signature
from tutelage.tasks.finished_run import read

GAIL = ("gail.yaml", "episodes:=2", "seed:=3")
CONSTANT = ("dac.yaml", "episodes:=2", "settings:={annealing: 0, final_cloning_weight: 1}")
"""Nothing in this run changes with the share of the budget that is used."""


def extended(folder: Path, budget: int) -> Run:
    return finished(folder.parent, "--resume", str(folder), f"budget:={budget}")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run."""
    return finished(tmp_path_factory.mktemp("whole"), *GAIL, "budget:=6144", "keep:=3").run_dir


def copied(whole: Path, folder: Path) -> Path:
    """A copy of a run's folder, as `folder`/run."""
    return Path(shutil.copytree(whole, folder / "run"))


def test_a_run_that_is_running_is_not_extended(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folder, "LOCK_SECONDS", 0)
    before = {path: path.stat().st_mtime_ns for path in whole.rglob("*") if path.name != "lock"}
    with run_folder.locked(whole), pytest.raises(Refusal, match="still running: stop it first"):
        launcher.resume(str(whole), ["budget:=8192"])
    assert before == {path: path.stat().st_mtime_ns for path in whole.rglob("*") if path.name != "lock"}


def test_a_finished_run_is_extended_in_its_folder(tmp_path: Path, whole: Path) -> None:
    former = (copied(whole, tmp_path) / FINAL).read_bytes()
    version_3 = tmp_path / "run" / KEPT / "000003.safetensors"
    version_3.unlink()
    run = extended(tmp_path / "run", 8192)
    assert version_3.read_bytes() == former  # it passes through the former final weights
    assert run.report["environment_steps"] == 8192 and (run.run_dir / FINAL).read_bytes() != former
    assert read(run.run_dir / FORMER) == former
    made = graph("gail.yaml", [f"policy:={run.run_dir / FORMER}"])
    running.inherit(made, tmp_path / "another")
    (learner,) = (plan for plan in made.nodes if plan.name == "learner")
    assert read(Path(learner.parameters["policy"])) == former
    metrics = tutelage.Run(run.run_dir).metrics
    steps = metrics["time/total_timesteps"][~np.isnan(metrics["train/approx_kl"])]
    assert steps.tolist() == [2048.0 * (i + 1) for i in range(4)]
    for words, sentence in (
        (["budget:=8192"], "this run has learned from 8192 environment steps: name a budget above that"),
        (["budget:=8e3"], "this run has learned from 8192 environment steps: name a budget above that"),
        (["budget:=many"], "takes budget:=N alone"),
        (["seed:=4"], "takes budget:=N alone"),
        ([], "this run has finished: extend it by budget:=N"),
    ):
        done = cli("launch", "--resume", run.run_dir, *words)
        assert done.returncode == 2 and sentence in done.stderr


class PowerCut(BaseException):
    """It ends everything; no `except Exception` sees it."""


def cut_off(folder: Path, steps: int) -> bool:
    """Extends a run, and is cut off before a file is renamed or removed once more than `steps`; whether that was so."""
    left = itertools.count(steps, -1)

    def limited(change: Any) -> Any:
        def one(path: Path, *arguments: Any, **options: Any) -> Any:
            if next(left) <= 0:
                raise PowerCut
            return change(path, *arguments, **options)

        return one

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "replace", limited(Path.replace))
        patched.setattr(Path, "unlink", limited(Path.unlink))
        try:
            extend(Graph.of_run(folder), folder, ["budget:=8192"])
        except PowerCut:
            return True
    return False


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".new")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_an_extension_that_is_cut_off_anywhere_is_completed(tmp_path: Path, whole: Path) -> None:
    extended = copied(whole, tmp_path / "extended")
    assert not cut_off(extended, 1000)
    wanted = contents(extended)
    assert not {"report.json", "learned.json", FINAL, BEGUN} & wanted.keys()
    for steps in itertools.count():
        folder = copied(whole, tmp_path / str(steps))
        if not cut_off(folder, steps):
            break
        signature.check_graph(about_run(folder), folder, trusted=False)
        begun = (folder / BEGUN).exists()
        extend(Graph.of_run(folder), folder, () if begun else ["budget:=8192"])
        assert contents(folder) == wanted
        shutil.rmtree(folder)
    assert steps > 10


def test_what_cannot_be_extended_or_resumed_is_refused_in_a_sentence(tmp_path: Path, whole: Path) -> None:
    folder = copied(whole, tmp_path)
    report = json.loads((folder / "report.json").read_text())
    (folder / "report.json").write_text(json.dumps({"exit_code": report["exit_code"]}))
    with pytest.raises(Refusal, match=r"only a run with a nodes.report:Report can be extended"):
        extend(Graph.of_run(folder), folder, ["budget:=8192"])
    (folder / "report.json").unlink()
    path = folder / "checkpoints" / "learner.checkpoint"
    state = checkpoint.load(path)
    assert state
    state["inbox"]["discriminator/judgement"] = state["inbox"].pop("discriminator/score")
    checkpoint.save(path, state)
    done = cli("launch", "--resume", folder)
    assert done.returncode == 2 and "without or with discriminator/score: resume with that one" in done.stderr


def test_a_restarted_report_leaves_the_former_weights_alone(tmp_path: Path) -> None:
    (tmp_path / FORMER).write_bytes(b"former")
    (tmp_path / FINAL).write_bytes(b"final")
    report, again = Report(), Report()
    report.run_dir = again.run_dir = tmp_path
    again.load(report.state())
    assert (tmp_path / FORMER).read_bytes() == b"former" and (tmp_path / FINAL).read_bytes() == b"final"


def test_the_best_weights_are_those_of_the_former_end_if_later_ones_are_worse(tmp_path: Path, whole: Path) -> None:
    (first, *_) = PPOLearner("CartPole-v1").start()
    assert isinstance(first, Weights)
    learned = np.frombuffer((whole / FINAL).read_bytes(), np.uint8)
    messages = [
        Weights(0, 0, version, tensors, 0, False, True) for version, tensors in ((1, first.tensors), (2, learned))
    ]

    def evaluated(message: Message, state: dict[str, Any]) -> float:
        evaluator = Evaluator("CartPole-v1", episodes=5, keep=1)
        evaluator.run_dir = tmp_path
        evaluator.load(state)
        (evaluation,) = evaluator.hear(message)
        assert isinstance(evaluation, Evaluation)
        return float(evaluation.greedy.mean())

    state = Evaluator("CartPole-v1").state()
    assert evaluated(messages[1], state) > evaluated(messages[0], state)
    assert (tmp_path / KEPT / "best.safetensors").read_bytes() == learned.tobytes()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_run_without_schedules_that_is_extended_twice_is_one_with_that_budget_from_the_start(tmp_path: Path) -> None:
    whole = finished(tmp_path / "whole", *CONSTANT, "budget:=10240")
    run = finished(tmp_path / "parts", *CONSTANT, "budget:=6144")
    assert extended(run.run_dir, 8192).digest != whole.digest
    assert extended(run.run_dir, 10240).digest == whole.digest


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", ["airl.yaml", "dagger.yaml", "iq.yaml", "ppo.yaml", "sac.yaml"])
def test_runs_of_other_algorithms_are_extended_through_their_former_weights(tmp_path: Path, name: str) -> None:
    folder = finished(tmp_path, name, "env:=CartPole-v1", "episodes:=2", "budget:=8192", "keep:=1").run_dir
    former = (folder / FINAL).read_bytes()
    (version,) = (path for path in (folder / KEPT).glob("0*") if path.read_bytes() == former)
    rewards = {path.name: path.read_bytes() for path in folder.glob("reward*")}
    version.unlink()
    run = extended(folder, 12288)
    assert version.read_bytes() == former and run.report["environment_steps"] >= 12288
    assert (folder / FORMER).read_bytes() == former
    if rewards:
        assert (folder / "reward.former.safetensors").read_bytes() == rewards["reward.safetensors"]
        assert (folder / "reward.safetensors").read_bytes() != rewards["reward.safetensors"]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_an_extended_run_is_the_same_each_time_and_goes_on_after_an_interrupt(tmp_path: Path) -> None:
    digests = []
    for name in ("quiet", "interrupted"):
        run = finished(tmp_path / name, *GAIL, "budget:=8192", "record:=true")
        if name == "quiet":
            digests.append(extended(run.run_dir, 32768).digest)
        else:
            again = Run(run.run_dir.parent, "--resume", str(run.run_dir), "budget:=32768")
            learned = tutelage.Run(run.run_dir)
            again.until(lambda of=learned: np.nanmax(of.metrics.get("time/total_timesteps", 0)) >= 16384)  # type: ignore[misc]
            os.kill(again.process.pid, signal.SIGINT)
            digests.append(resumed(again).digest)
        assert cli("verify", run.run_dir).returncode == 0
    assert digests[0] == digests[1]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_what_an_operator_recorded_until_the_former_end_is_kept(tmp_path: Path) -> None:
    live = ("operator:=scripted", "live:=true", "rollouts_each:=1")
    folder = finished(tmp_path, "gail.yaml", *live, "episodes:=2", "budget:=8192").run_dir
    recording = (folder / "recording.mcap").read_bytes()
    assert extended(folder, 12288).report["environment_steps"] == 12288
    assert (folder / "former" / "recording.mcap").read_bytes() == recording
    episodes = json.loads(cli("demos", "list", folder, "--json").stdout)
    assert len({one["episode"] for one in episodes}) == len(episodes)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_an_interrupt_of_the_final_evaluation_changes_nothing(tmp_path: Path) -> None:
    words, digests = (*GAIL[:1], "seed:=3", "budget:=6144", "episodes:=500", "record:=true"), []
    for name in ("quiet", "interrupted"):
        run = Run(tmp_path / name, *words)
        if name == "interrupted":
            run.until((run.run_dir / FINAL).exists)
            os.kill(run.process.pid, signal.SIGINT)
            run.wait()
            assert run.process.returncode == 130
            run = resumed(run)
        else:
            run.wait()
        returns = run.report["return_mean"], run.report["evaluation_episodes"]
        digests.append((returns, run.digest, extended(run.run_dir, 10240).digest))
        assert cli("verify", run.run_dir).returncode == 0
    assert digests[0] == digests[1]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_run_that_ended_before_its_budget_is_not_extended(tmp_path: Path) -> None:
    run = finished(tmp_path, *GAIL, "enough:=5", "evaluate_every:=1", "budget:=114688")
    done = cli("launch", "--resume", run.run_dir, "budget:=200000")
    assert done.returncode == 2 and "this run did not end by its budget" in done.stderr
