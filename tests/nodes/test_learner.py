"""A learner may go on from what another run has learned."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save_file

from tests.parts.run_cli import cli
from tutelage.input.problems import Refusal
from tutelage.launcher import graph
from tutelage.messages import Weights
from tutelage.nodes.learner import PPOLearner


def final_weights(folder: Path, env: str) -> dict[str, np.ndarray]:
    """Those of a run that learned something, left in a folder."""
    ppo = PPOLearner(env, seed=1).algorithm
    ppo.normaliser.update(np.random.default_rng(0).normal(3, 2, (100, ppo.spaces.observation)))
    tensors = ppo.tensors()
    save_file(tensors, folder / "weights.safetensors")
    return tensors


def first_weights(learner: PPOLearner) -> dict[str, np.ndarray]:
    weights = next(learner.start())
    assert isinstance(weights, Weights)
    return load(weights.tensors.tobytes())


@pytest.mark.parametrize("env", ["CartPole-v1", "Pendulum-v1"])
def test_it_begins_with_the_policy_of_another_run(tmp_path: Path, env: str) -> None:
    wanted, found = final_weights(tmp_path, env), first_weights(PPOLearner(env, policy=str(tmp_path)))
    assert found.keys() == wanted.keys()
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-6)


def test_a_policy_for_another_task_is_refused(tmp_path: Path) -> None:
    final_weights(tmp_path, "CartPole-v1")
    told = f"{tmp_path}: was learned from 4 numbers an observation, but Pendulum-v1 has 3: it is of another task"
    with pytest.raises(Refusal, match=f"^{told}$"):
        PPOLearner("Pendulum-v1", policy=str(tmp_path))
    for argument in ("policy", "operator"):
        done = cli("launch", "gail.yaml", f"{argument}:={tmp_path}", "env:=Pendulum-v1", cwd=tmp_path)
        assert done.returncode == 2 and done.stderr.startswith(told), done.stderr


@pytest.mark.parametrize("launch_file", ["airl", "dac", "gail", "iq", "ppo", "sac"])
def test_each_learner_of_a_simulator_takes_one(tmp_path: Path, launch_file: str) -> None:
    final_weights(tmp_path, "Pendulum-v1")
    words = (f"policy:={tmp_path}", "env:=Pendulum-v1")
    learner = next(node for node in graph(f"{launch_file}.yaml", words).nodes if node.name == "learner")
    assert learner.parameters["policy"] == str(tmp_path)
