"""A run of dagger.yaml is a pure function of its arguments and seed, as those of dac.yaml are (tests/test_dac_sameness.py)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.parts.run_cli import Run, cli, finished
from tutelage.launcher import graph

FEW = (
    "dagger.yaml",
    "budget:=512",
    "environments:=4",
    "rollout_steps:=16",
    "epochs_each:=2",
    "episodes:=1",
    "beta:=.5",
)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """A quiet run with these arguments."""
    return cache(lambda *arguments: finished(tmp_path_factory.mktemp("quiet"), *FEW, *arguments))


def test_one_process_ends_in_the_same_digest_and_all_its_steps_are_labelled(
    tmp_path: Path, undisturbed: Callable[..., Run]
) -> None:
    run = finished(tmp_path, *FEW, "--one-process")
    assert run.digest == undisturbed().digest
    assert run.report["environment_steps"] == 512 and run.report["demonstrations"] == 0
    assert '"dagger/labels": 512.0' in (run.run_dir / "metrics.jsonl").read_text().splitlines()[-2]


@pytest.mark.slow
def test_it_reaches_its_operator(tmp_path: Path) -> None:
    assert finished(tmp_path, "dagger.yaml", "seed:=301", "budget:=1024").report["return_mean"] >= 475


@pytest.mark.slow
def test_the_policy_of_a_run_labels_and_demonstrates_too(tmp_path: Path, undisturbed: Callable[..., Run]) -> None:
    told = (f"operator:={undisturbed().run_dir}", "demonstrations_count:=2")
    run = finished(tmp_path, *FEW, *told)
    assert run.report["demonstrations"] == 2 and run.digest != undisturbed().digest
    assert undisturbed(*told).digest == run.digest


@pytest.mark.slow
@pytest.mark.parametrize("nodes", [("learner", "labeller"), ("policy", "simulator")])
def test_nodes_that_are_killed_come_back_where_they_were(
    tmp_path: Path, undisturbed: Callable[..., Run], nodes: tuple[str, ...]
) -> None:
    run = Run(tmp_path, *FEW)
    run.until_learning(rows=3)
    for node in nodes:
        os.kill(run.nodes()[node], signal.SIGKILL)
    assert run.wait().digest == undisturbed().digest, run.output
    assert run.report["node_restarts"] == dict.fromkeys(nodes, 1)


@pytest.mark.slow
def test_a_killed_launchers_run_goes_on(tmp_path: Path, undisturbed: Callable[..., Run]) -> None:
    run = Run(tmp_path, *FEW)
    run.until_learning(rows=3)
    run.kill()
    assert run.resumed().digest == undisturbed().digest


@pytest.mark.slow
def test_a_recording_of_it_is_verified(tmp_path: Path) -> None:
    run = finished(tmp_path, *FEW, "record:=true", "demonstrations_count:=1")
    done = cli("verify", run.run_dir)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_environments_reward_is_never_learned_from(tmp_path: Path, undisturbed: Callable[..., Run]) -> None:
    (tmp_path / "corrupted_reward.py").write_text((Path(__file__).parent / "parts/corrupted_reward.py").read_text())
    operator = "operator:=tutelage.tasks.cart_pole:cart_pole"
    run = finished(tmp_path, *FEW, operator, "env:={id: CartPole-v1, wrappers: [corrupted_reward:Corrupted]}")
    assert run.report["return_mean"] > 1e5  # the reward was corrupted indeed
    assert run.digest == undisturbed().digest


def test_no_node_that_learns_hears_a_reward() -> None:
    hears = {node.name: node.hears for node in graph("dagger.yaml", ()).nodes}
    assert hears["labeller"] == {"transition": ["simulator"]} and hears["learner"] == {"labels": ["labeller"]}
    assert hears["policy"] == {"observation": ["simulator"], "weights": ["learner"]}
    recording = f"demonstrations:={Path(__file__).parent / 'recordings/bc.mcap'}"
    for told, shows in (("demonstrations_count:=1", "Demonstrator"), (recording, "Dataset")):
        nodes = {node.name: node for node in graph("dagger.yaml", (told,)).nodes}
        assert nodes["learner"].hears == {"labels": ["labeller"], "demonstration": ["teleoperator"]}
        assert nodes["teleoperator"].run.endswith(shows)
