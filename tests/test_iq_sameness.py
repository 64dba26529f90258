"""A run of iq.yaml is a pure function of its arguments and seed, as those of dac.yaml are (tests/test_dac_sameness.py)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.parts.run_cli import Run, cli, finished

FEW = ("iq.yaml", "budget:=6144", "episodes:=2", "demonstrations_count:=1")

pytestmark = pytest.mark.slow


Result = tuple[str, bytes]
"""The digest of a run's final weights, and the file of the reward that it recovered."""


def result(run: Run) -> Result:
    return run.digest, (run.run_dir / "reward.safetensors").read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Result]:
    """What a quiet run ends in."""
    return cache(lambda: result(finished(tmp_path_factory.mktemp("quiet"), *FEW)))


def test_one_process_ends_in_the_same(tmp_path: Path, undisturbed: Callable[[], Result]) -> None:
    assert result(finished(tmp_path, *FEW, "--one-process")) == undisturbed()


@pytest.mark.parametrize("nodes", [("learner", "simulator"), ("policy", "teleoperator", "reward_report")])
def test_nodes_that_are_killed_come_back_where_they_were(
    tmp_path: Path, undisturbed: Callable[[], Result], nodes: tuple[str, ...]
) -> None:
    run = Run(tmp_path, *FEW)
    run.until_learning(rows=9)
    for node in nodes:
        os.kill(run.nodes()[node], signal.SIGKILL)
    assert result(run.wait()) == undisturbed(), run.output
    assert run.report["node_restarts"] == dict.fromkeys(nodes, 1)


def test_a_killed_launchers_run_goes_on(tmp_path: Path, undisturbed: Callable[[], Result]) -> None:
    run = Run(tmp_path, *FEW)
    run.until_learning(rows=9)
    run.kill()
    assert result(run.resumed()) == undisturbed()


def test_a_fresh_policy_learns_from_the_recovered_reward_alone(tmp_path: Path) -> None:
    shown = finished(tmp_path / "iq", "iq.yaml", "demonstrations_count:=1", "episodes:=2")
    fresh = finished(tmp_path, "ppo.yaml", f"reward:={shown.run_dir}", "env:=CartPole-v1", "episodes:=20")
    assert fresh.report["return_mean"] > 200  # chance is 20, and so is an unclipped reward


def test_a_recording_of_it_is_verified(tmp_path: Path) -> None:
    run = finished(tmp_path, *FEW, "record:=true")
    done = cli("verify", run.run_dir)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_environments_reward_is_never_learned_from(tmp_path: Path, undisturbed: Callable[[], Result]) -> None:
    (tmp_path / "corrupted_reward.py").write_text((Path(__file__).parent / "parts/corrupted_reward.py").read_text())
    run = finished(tmp_path, *FEW, "env:={id: CartPole-v1, wrappers: [corrupted_reward:Corrupted]}")
    assert run.digest == undisturbed()[0]
