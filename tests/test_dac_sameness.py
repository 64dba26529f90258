"""A run of dac.yaml is a pure function of its arguments and seed, as those of gail.yaml are (tests/test_sameness.py)."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.parts.run_cli import Run, cli, finished
from tutelage.launcher import graph

PLAIN_LOOP = Path(__file__).parents[1] / "bench/plain_dac.py"
STEPS = 6144
FEW = ("dac.yaml", f"budget:={STEPS}", "episodes:=2")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """The digest that a quiet run with these arguments ends in."""

    @cache
    def digest(*arguments: str) -> str:
        return finished(tmp_path_factory.mktemp("quiet"), *FEW, *arguments).digest

    return digest


@pytest.mark.parametrize("steps", [4608, pytest.param(STEPS, marks=pytest.mark.slow)])
def test_one_process_ends_in_the_same_digest(tmp_path, steps):
    few = ("dac.yaml", f"budget:={steps}", "episodes:=2")
    one, many = finished(tmp_path / "one", *few, "--one-process"), finished(tmp_path, *few)
    assert one.digest == many.digest
    assert "train/critic_loss" in (one.run_dir / "metrics.jsonl").read_text()  # it has begun to learn


@pytest.mark.slow
def test_the_plain_loop_ends_in_the_same_digest(undisturbed):
    command = [sys.executable, str(PLAIN_LOOP), "--steps", str(STEPS), "--episodes", "1"]
    plain = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    assert plain["weights_digest"] == undisturbed("lag:=0")
    assert undisturbed("lag:=0") != undisturbed()


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param(("discriminator", "simulator", "learner"), marks=pytest.mark.slow),
        pytest.param(("learner",), marks=pytest.mark.slow),
        pytest.param(("policy", "teleoperator"), marks=pytest.mark.slow),
    ],
)
def test_nodes_that_are_killed_come_back_where_they_were(tmp_path, undisturbed, nodes):
    run = Run(tmp_path, *FEW)
    run.until_learning(rows=18)
    assert (run.run_dir / "checkpoints" / "learner.replay").stat().st_size  # so it is not begun anew
    for node in nodes:
        os.kill(run.nodes()[node], signal.SIGKILL)
    assert run.wait().digest == undisturbed(), run.output
    assert run.report["node_restarts"] == dict.fromkeys(nodes, 1)


@pytest.mark.slow
def test_a_run_that_begins_with_a_clone_is_the_same_too(tmp_path: Path) -> None:
    clone = finished(tmp_path / "clone", "bc.yaml", "epochs:=3", "episodes:=2", "demonstrations_count:=2")
    begun = (*FEW, f"policy:={clone.run_dir}")
    one = finished(tmp_path / "one", *begun, "--one-process")
    run = Run(tmp_path / "killed", *begun)
    run.until_learning(rows=6)  # while the clone collects
    os.kill(run.nodes()["learner"], signal.SIGKILL)
    assert run.wait().digest == one.digest, run.output


@pytest.mark.slow
def test_a_damaged_checkpoint_is_replaced_by_its_predecessor_rows_and_all(tmp_path, undisturbed):
    run = Run(tmp_path, *FEW)
    run.until_learning(rows=18)
    run.kill()
    for name in ("learner", "discriminator"):
        newest = run.run_dir / "checkpoints" / f"{name}.checkpoint"
        assert newest.with_suffix(".previous").exists()
        newest.write_bytes(newest.read_bytes()[:-1])
    assert run.resumed().digest == undisturbed()


@pytest.mark.slow
def test_a_killed_launchers_run_goes_on(tmp_path, undisturbed):
    run = Run(tmp_path, *FEW)
    run.until_learning(rows=18)
    run.kill()
    assert run.resumed().digest == undisturbed()


@pytest.mark.slow
def test_a_recording_of_it_is_verified(tmp_path):
    run = finished(tmp_path, *FEW, "record:=true")
    done = cli("verify", run.run_dir)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_environments_reward_is_never_learned_from(tmp_path, undisturbed):
    (tmp_path / "corrupted_reward.py").write_text((Path(__file__).parent / "parts/corrupted_reward.py").read_text())
    run = finished(tmp_path, *FEW, "env:={id: CartPole-v1, wrappers: [corrupted_reward:Corrupted]}")
    assert run.report["expert_return_mean"] > 1e5  # the reward was corrupted indeed
    assert run.digest == undisturbed()


def test_it_says_what_can_be_set_and_who_says_what():
    arguments = cli("launch", "dac.yaml", "--args").stdout
    assert "subsample" in arguments and "budget" in arguments
    hears = {node.name: node.hears for node in graph("dac.yaml", ()).nodes}
    from_others = {"transition": ["simulator"], "demonstration": ["teleoperator"]}
    assert hears["discriminator"] == from_others
    assert hears["learner"] == from_others | {"reward_model": ["discriminator"]}
    assert hears["policy"] == {"observation": ["simulator"], "weights": ["learner"]}


@pytest.mark.parametrize(
    "told, why",
    [
        ("settings:={bach: 1}", "has no 'bach'; did you mean 'batch'"),
        ("discriminator:={slope: steep}", "'slope' must be a float, but is the string 'steep'"),
    ],
)
def test_settings_that_there_are_not_are_refused(tmp_path, told, why):
    done = cli("launch", "dac.yaml", told, cwd=tmp_path)
    assert done.returncode == 2 and why in done.stderr + done.stdout


@pytest.fixture
def wordless(tmp_path: Path) -> Path:
    """Two demonstrations on CartPole whose actions are not known."""
    shown = finished(tmp_path, "record.yaml", "operator:=scripted", "episodes:=2").run_dir
    assert cli("demos", "export", shown, "--to", "npz", tmp_path / "all.npz").returncode == 0
    with np.load(tmp_path / "all.npz") as columns:
        np.savez(tmp_path / "wordless.npz", **{name: columns[name] for name in columns if name != "actions"})
    return tmp_path / "wordless.npz"


@pytest.mark.slow
def test_a_file_without_actions_is_learned_from_by_its_states_alone(tmp_path: Path, wordless: Path) -> None:
    done = cli("launch", "dac.yaml", f"demonstrations:={wordless}", cwd=tmp_path)
    assert done.returncode == 2 and "has no action: only gail.yaml and dac.yaml learn from states alone" in done.stderr
    few, digests = ("budget:=4608", "episodes:=2", f"demonstrations:={wordless}", "state_only:=true"), []
    for name, more in (("many", ()), ("one", ("--one-process",))):
        digests.append(finished(tmp_path / name, "dac.yaml", *few, *more).digest)
    assert digests[0] == digests[1]
