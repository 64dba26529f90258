"""airl.yaml recovers a reward, keeps it with its task, and ppo.yaml trains on it alone; whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from functools import cache
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save, save_file

from tests.parts.examples import rollout
from tests.parts.run_cli import Run, cli, finished
from tutelage.input.problems import Refusal
from tutelage.learning.airl import AIRL
from tutelage.learning.critic_reward import critic_reward
from tutelage.learning.iq import LSIQ
from tutelage.learning.ppo import PPO
from tutelage.learning.rollout import Spaces
from tutelage.learning.state_reward import state_reward
from tutelage.messages import RewardModel, Score, Transition, Weights
from tutelage.nodes.reward_report import RewardReport
from tutelage.nodes.rewarder import RecoveredRewarder
from tutelage.tasks.reversed import Reversed

FEW = ("airl.yaml", "env:=Pendulum-v1", "budget:=16384", "episodes:=1", "demonstrations_count:=2")
SPACES = Spaces(3, 1, False)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Run]:
    """A quiet run."""
    return cache(lambda: finished(tmp_path_factory.mktemp("quiet"), *FEW))


def reward_file(folder: Path) -> Path:
    save_file(AIRL(SPACES, seed=0).tensors(), folder / "reward.safetensors")
    return folder


def test_one_process_recovers_the_same_reward_which_bears_its_task(
    tmp_path: Path, undisturbed: Callable[[], Run]
) -> None:
    alone, quiet = finished(tmp_path, *FEW, "--one-process"), undisturbed()
    assert alone.digest == quiet.digest
    file = quiet.run_dir / "reward.safetensors"
    assert file.read_bytes() == (alone.run_dir / "reward.safetensors").read_bytes()
    with safe_open(file, "numpy") as opened:
        assert json.loads(opened.metadata()["task"]) == "Pendulum-v1"


@pytest.mark.slow
@pytest.mark.parametrize("nodes", [("discriminator", "simulator"), ("learner", "reward_report"), ("policy",)])
def test_nodes_that_are_killed_come_back_where_they_were(
    tmp_path: Path, undisturbed: Callable[[], Run], nodes: tuple[str, ...]
) -> None:
    run = Run(tmp_path, *FEW)
    run.until_learning(rows=4)
    for node in nodes:
        os.kill(run.nodes()[node], signal.SIGKILL)
    assert run.wait().digest == undisturbed().digest, run.output
    assert run.report["node_restarts"] == dict.fromkeys(nodes, 1)
    found, wanted = (load_file(one.run_dir / "reward.safetensors") for one in (run, undisturbed()))
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.slow
def test_a_killed_launchers_run_goes_on(tmp_path: Path, undisturbed: Callable[[], Run]) -> None:
    run = Run(tmp_path, *FEW)
    run.until_learning(rows=4)
    run.kill()
    assert run.resumed().digest == undisturbed().digest


@pytest.mark.slow
def test_an_interrupted_run_leaves_an_interim_reward_and_goes_on_to_the_final_one(
    tmp_path: Path, undisturbed: Callable[[], Run]
) -> None:
    run = Run(tmp_path, *FEW)
    run.until_learning(rows=4)
    os.kill(run.process.pid, signal.SIGINT)
    assert run.wait().process.returncode == 128 + signal.SIGINT, run.output
    file, interim = (run.run_dir / name for name in ("reward.safetensors", "reward.interim.safetensors"))
    assert interim.exists() and not file.exists()
    done = cli("launch", "ppo.yaml", f"reward:={run.run_dir}", "env:=Pendulum-v1", cwd=tmp_path)
    assert done.returncode == 2 and "this run has not ended" in done.stderr and str(interim) in done.stderr
    run.resumed()
    assert file.read_bytes() == (undisturbed().run_dir / "reward.safetensors").read_bytes()
    assert not interim.exists()


@pytest.mark.slow
def test_a_recording_of_it_is_verified(tmp_path: Path) -> None:
    run = finished(tmp_path, *FEW, "record:=true")
    done = cli("verify", run.run_dir)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_environments_reward_is_never_learned_from(tmp_path: Path) -> None:
    """Neither by the recovery, nor by a policy that is trained on what was recovered."""
    (tmp_path / "corrupted_reward.py").write_text((Path(__file__).parents[1] / "parts/corrupted_reward.py").read_text())
    digests: list[list[str]] = []
    for name in ("CartPole-v1", "{id: CartPole-v1, wrappers: [corrupted_reward:Corrupted]}"):
        few = (f"env:={name}", "budget:=8192", "episodes:=1", "--run-dir")
        folder = tmp_path / str(len(digests))
        for words in (("airl.yaml", *few, str(folder / "airl")),
                      ("ppo.yaml", f"reward:={folder / 'airl'}", *few, str(folder / "ppo"))):  # fmt: skip
            done = cli("launch", *words, cwd=tmp_path)
            assert done.returncode == 0, done.stderr
        digests.append(
            [json.loads((folder / run / "report.json").read_text())["weights_digest"] for run in ("airl", "ppo")]
        )
    assert digests[0] == digests[1]


@pytest.mark.parametrize("end", ["final", "early", "interrupted"])
def test_a_reward_counts_as_final_when_the_weights_do(tmp_path: Path, end: str) -> None:
    node = RewardReport("Pendulum-v1")
    node.run_dir = tmp_path
    node.hear(RewardModel(0, 8, np.frombuffer(save(AIRL(SPACES, seed=0).tensors()), np.uint8)))
    if end == "interrupted":
        node.interrupt()
    if end != "early":
        node.hear(Weights(1, 0, 1, np.zeros(0, np.uint8), 8, stop=True, final=True))
    node.finish()
    name = "reward.safetensors" if end == "final" else "reward.interim.safetensors"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_rollout_is_scored_by_the_recovered_reward(tmp_path: Path) -> None:
    node = RecoveredRewarder(str(reward_file(tmp_path)), "Pendulum-v1", rollout_steps=8)
    data = rollout(SPACES, PPO(SPACES, 0).tensors())
    (score,) = node.hear(Transition(0, 7, *data))
    assert isinstance(score, Score) and (score.rollout, score.step) == (0, 8)
    np.testing.assert_array_equal(score.reward, state_reward(AIRL(SPACES, seed=0).tensors(), data.observation))
    worth = AIRL(SPACES, seed=0).tensors() | {"absorbing.reward": np.array([-3], np.float32)}
    save_file(worth, tmp_path / "reward.safetensors")
    (score,) = RecoveredRewarder(str(tmp_path), "Pendulum-v1", 8).hear(Transition(0, 7, *data))
    assert isinstance(score, Score)
    np.testing.assert_array_equal(score.absorbing_reward, -3.0 * data.terminated)


def test_a_critics_reward_is_of_one_kind_of_action(tmp_path: Path) -> None:
    learner = LSIQ(SPACES, 0)
    save_file(learner.reward_tensors([]), tmp_path / "reward.safetensors")
    data = rollout(SPACES, learner.tensors())
    (score,) = RecoveredRewarder(str(tmp_path), "Pendulum-v1", rollout_steps=8).hear(Transition(0, 7, *data))
    reward, absorbing = critic_reward(learner.reward_tensors([]), data)
    assert isinstance(score, Score)
    np.testing.assert_array_equal(score.reward, reward)
    np.testing.assert_array_equal(score.absorbing_reward, absorbing * data.terminated)
    save_file(LSIQ(SPACES._replace(action=2), 0).reward_tensors([]), tmp_path / "reward.safetensors")
    with pytest.raises(Refusal, match="reward: was learned for actions of 2 numbers, but Pendulum-v1 has 1 numbers"):
        RecoveredRewarder(str(tmp_path), "Pendulum-v1")


def test_a_reward_of_another_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="reward: was recovered from 3 numbers an observation, but here it has 4"):
        RecoveredRewarder(str(reward_file(tmp_path)), "CartPole-v1")


@pytest.mark.parametrize("harm", ["cut", "nan", "gone", "other", "double"])
def test_a_file_that_holds_no_reward_is_refused(tmp_path: Path, harm: str) -> None:
    file = reward_file(tmp_path) / "reward.safetensors"
    tensors = AIRL(SPACES, seed=0).tensors()
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:-4])
    elif harm == "gone":
        file.unlink()
    elif harm == "double":
        save_file(tensors | {"absorbing.reward": tensors["absorbing.reward"].astype(np.float64)}, file)
    else:
        tensors["reward.1.bias"] = np.full(64 if harm == "nan" else 3, np.nan if harm == "nan" else 0, np.float32)
        save_file(tensors, file)
    why = {
        "cut": "cannot be read",
        "nan": r"reward.1.bias\[0\] is nan",
        "gone": "no recovered reward",
        "other": "cannot",
        "double": "its numbers must be float32",
    }
    with pytest.raises(Refusal, match=why[harm]):
        RecoveredRewarder(str(tmp_path), "Pendulum-v1")


def test_reversed_actuators_do_the_opposite() -> None:
    plain, turned = gymnasium.make("Pendulum-v1"), Reversed(gymnasium.make("Pendulum-v1"))
    for one in (plain, turned):
        one.reset(seed=0)
    wanted = plain.step(np.array([1.5], np.float32))[0]
    np.testing.assert_allclose(turned.step(np.array([-1.5], np.float32))[0], wanted)
