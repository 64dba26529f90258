"""Curves for TensorBoard, read by TensorBoard's own reader."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.parts.run_cli import Run, finished
from tutelage.messages import Episode, Metrics
from tutelage.nodes.tensorboard import TensorBoard
from tutelage.tasks.measured import STEPS

accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

FEW = ("gail.yaml", "budget:=16384", "episodes:=2", "tensorboard:=true")


def curves(run_dir: Path) -> dict[str, list[tuple[int, float]]]:
    """(environment steps, value) by name."""
    reader = accumulators.EventAccumulator(str(run_dir / "tensorboard"), size_guidance={"scalars": 0})
    reader.Reload()
    return {name: [(one.step, one.value) for one in reader.Scalars(name)] for name in reader.Tags()["scalars"]}


def rows(run: Run, name: str) -> list[tuple[int, float]]:
    """The same of the rows of metrics.jsonl that have this figure, to float32."""
    every = run.rows
    return [(row[STEPS], float(np.float32(row[name]))) for row in every if name in row]


def test_its_reader_finds_what_the_run_has_measured_once_though_the_run_was_interrupted(tmp_path: Path) -> None:
    run = Run(tmp_path, *FEW)
    run.until_learning(rows=3)
    os.kill(run.process.pid, signal.SIGINT)
    run.wait()
    assert (run.run_dir / "tensorboard").is_dir()
    run = run.resumed()
    found = curves(run.run_dir)
    for name in ("train/value_loss", "train/entropy_loss"):
        assert len(found[name]) == 8 and found[name] == rows(run, name)
    assert [step for step, _ in found["discriminator/loss"]][2:] == [6144, 8192, 10240, 12288, 14336, 16384]
    assert found["eval/mean_reward"] == [(16384, run.report["return_mean"])]
    assert found["rollout/ep_rew_mean"][-1][0] == 16384 and found["time/fps"][-1][1] > 0


@pytest.mark.slow
def test_a_killed_node_writes_each_point_once(tmp_path: Path) -> None:
    run = Run(tmp_path, "gail.yaml", "budget:=65536", *FEW[2:])
    run.until_learning(rows=12)
    os.kill(run.nodes()["tensorboard"], signal.SIGKILL)
    run.wait()
    assert run.process.returncode == 0 and run.report["node_restarts"] == {"tensorboard": 1}, run.output
    assert curves(run.run_dir)["train/value_loss"] == rows(run, "train/value_loss")


@pytest.mark.parametrize("file", ["bc.yaml epochs:=3", "ppo.yaml budget:=2048", "dac.yaml budget:=1024"])
def test_other_launch_files_have_curves_that_end_where_their_report_does(tmp_path: Path, file: str) -> None:
    run = finished(tmp_path, *file.split(), "episodes:=1", "tensorboard:=true")
    assert curves(run.run_dir)["eval/mean_reward"][-1][1] == np.float32(run.report["return_mean"])


def played(node: TensorBoard, rollouts: range) -> TensorBoard:
    for rollout in rollouts:
        node.hear(Episode(rollout, 0, actor="policy", environment=0, episode=0, seed=0, length=7, episode_return=2.5))
        node.hear(Metrics(rollout, 0, values={STEPS: 100.0 * (rollout + 1), "train/temperature": 0.25}))
    return node


def beginning(folder: Path) -> TensorBoard:
    node = TensorBoard()
    node.run_dir = folder
    node.start()
    return node


def test_points_after_a_checkpoint_are_replaced(tmp_path: Path) -> None:
    node = played(beginning(tmp_path), range(2))
    state = node.state()
    played(node, range(2, 5)).finish()
    again = TensorBoard()
    again.run_dir = tmp_path
    again.load(state)
    played(again, range(2, 3)).finish()
    found = curves(tmp_path)
    assert found["train/ent_coef"] == [(100, 0.25), (200, 0.25), (300, 0.25)]
    assert found["rollout/ep_len_mean"] == [(100, 7.0), (200, 7.0), (300, 7.0)]


def test_curves_that_were_deleted_begin_anew_and_say_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    node = played(beginning(tmp_path), range(2))
    state = node.state()
    node.file.path.unlink()
    again = TensorBoard()
    again.run_dir = tmp_path
    again.load(state)
    assert "the curves begin anew" in capfd.readouterr().err
    played(again, range(2, 3)).finish()
    assert curves(tmp_path)["time/total_timesteps"] == [(300, 300.0)]
    assert again.file.path.read_bytes().count(b"brain.Event:2") == 1
