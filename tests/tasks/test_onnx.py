"""Policies as ONNX files: written from ours, run by onnxruntime, and taken from elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.nodes.test_robot_faults import CART, balancing
from tests.parts.run_cli import cli, finished
from tutelage.input.problems import Refusal
from tutelage.learning.acting import LOG_STD, Tensors
from tutelage.learning.draws import generator
from tutelage.messages import Action, Observation
from tutelage.nodes.onnx_policy import OnnxPolicy
from tutelage.nodes.policy import Policy
from tutelage.tasks import onnx_export, onnx_file
from tutelage.tasks.task import Task
from tutelage.tasks.trained import load
from tutelage.teaching import operators
from tutelage.turns import play

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

KINDS = {
    "a choice, PPO": ("Acrobot-v1", "policy", None),
    "a Gaussian, PPO": ("Pendulum-v1", "policy", "one"),
    "a Gaussian of two numbers": ("LunarLanderContinuous-v3", "policy", "one"),
    "a choice, SAC": ("CartPole-v1", "actor", None),
    "a squashed Gaussian, SAC": ("Pendulum-v1", "actor", "bounds"),
}
"""Environment, network, and what its log_std holds."""


def drawn(env: str, name: str, log_std: str | None) -> dict[str, np.ndarray]:
    """A policy of this kind whose answers are far from trivial: some of its actions are outside of the bounds."""
    spaces, draws = Task(env).spaces, generator(0, "test", env, name)
    out = spaces.action * (2 if log_std == "bounds" else 1)
    sizes = [spaces.observation, 64, 64, out]
    tensors = {"observation.mean": draws.normal(size=sizes[0]), "observation.scale": draws.uniform(0.1, 9, sizes[0])}
    for layer in range(3):
        wide = 1.5 / np.sqrt(sizes[layer])
        tensors[f"{name}.{layer}.weight"] = draws.normal(scale=wide, size=(sizes[layer + 1], sizes[layer]))
        tensors[f"{name}.{layer}.bias"] = draws.normal(size=sizes[layer + 1])
    if log_std:
        tensors[f"{name}.log_std"] = np.array(LOG_STD) if log_std == "bounds" else np.zeros(spaces.action)
    return {key: array.astype(np.float32) for key, array in tensors.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_policy_gives_the_same_actions_in_onnxruntime(tmp_path: Path, kind: str) -> None:
    env = KINDS[kind][0]
    if env.startswith("Lunar"):
        pytest.importorskip("Box2D")
    save_file(drawn(*KINDS[kind]), tmp_path / "weights.safetensors")
    said = onnx_export.export(tmp_path / "weights.safetensors", tmp_path / "policy.onnx", env)
    assert env in said and "greatest difference" in said
    own = load(tmp_path / "weights.safetensors", env)
    session = onnxruntime.InferenceSession(tmp_path / "policy.onnx")
    seen = generator(1, "test").normal(size=(1000, own.task.spaces.observation), scale=2).astype(np.float32)
    (action,) = session.run(["action"], {"observation": seen})
    wanted = own(seen)
    assert action.dtype == wanted.dtype and action.shape == wanted.shape
    assert np.abs(action - wanted).max() <= 1e-5 and len(np.unique(wanted)) > 1
    alone = session.run(None, {"observation": seen[:1]})[0]
    assert np.abs(alone - wanted[:1]).max() <= 1e-5


@pytest.mark.parametrize("kind", ["a choice, PPO", "a squashed Gaussian, SAC"])
def test_a_file_that_differs_is_not_written(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    save_file(drawn(*KINDS[kind]), tmp_path / "weights.safetensors")
    rightly = onnx_export.model

    def shifted(tensors: Tensors, task: Task, where: object) -> bytes:
        return rightly({**tensors, "observation.mean": tensors["observation.mean"] + 0.01}, task, where)

    monkeypatch.setattr(onnx_export, "model", shifted)
    with pytest.raises(Refusal, match=r"policy.onnx: was not written: its actions differ from the policy's by up to"):
        onnx_export.export(tmp_path / "weights.safetensors", tmp_path / "policy.onnx", KINDS[kind][0])
    assert not (tmp_path / "policy.onnx").exists()


def test_the_command_exports_a_run_and_its_file_demonstrates(tmp_path: Path) -> None:
    run = finished(tmp_path, "bc.yaml", "epochs:=10", "episodes:=1")
    done = cli("export", run.run_dir, "policy.onnx", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "observation float32 [n, 4] to action int64 [n]; greatest difference 0.0e+00" in done.stdout
    assert "exists already" in cli("export", run.run_dir, "policy.onnx", cwd=tmp_path).stderr
    assert "name of an ONNX file" in cli("export", run.run_dir, "policy", cwd=tmp_path).stderr
    shown = finished(tmp_path / "shown", "record.yaml", f"operator:={tmp_path / 'policy.onnx'}", "episodes:=1")
    listed = cli("demos", "list", shown.run_dir).stdout
    assert "policy.onnx" in listed and "kept" in listed
    few = ["demonstrations_count:=2", "epochs:=2", "episodes:=1"]
    taught = finished(tmp_path / "taught", "bc.yaml", f"operator:={tmp_path / 'policy.onnx'}", *few)
    assert taught.report["demonstrations"] == 2
    assert (taught.run_dir / "inherited" / "teleoperator.operator" / "policy.onnx").is_file()


def exported(folder: Path, kind: str) -> Path:
    save_file(drawn(*KINDS[kind]), folder / "weights.safetensors")
    onnx_export.export(folder / "weights.safetensors", folder / "policy.onnx", KINDS[kind][0])
    return folder / "policy.onnx"


@pytest.mark.parametrize("kind", ["a choice, PPO", "a Gaussian, PPO", "a squashed Gaussian, SAC"])
def test_the_node_says_what_the_policy_of_the_run_would(tmp_path: Path, kind: str) -> None:
    env = KINDS[kind][0]
    spaces = Task(env).spaces
    node = OnnxPolicy(str(exported(tmp_path, kind)), env)
    seen = generator(2, "test").normal(size=(5, 32, spaces.observation)).astype(np.float32)
    said = list(play(node, [Observation(0, step, observation=one) for step, one in enumerate(seen)]))
    own = Policy(greedy=True)
    own._use((tmp_path / "weights.safetensors").read_bytes(), 0)
    wanted = [answer for step, one in enumerate(seen) for answer in own.hear(Observation(0, step, observation=one))]
    for ours, theirs in zip(said, wanted, strict=True):
        assert isinstance(ours, Action) and isinstance(theirs, Action)
        assert (ours.rollout, ours.step) == (theirs.rollout, theirs.step)
        assert np.abs(spaces.to_task(ours.action) - spaces.to_task(theirs.action)).max() <= 1e-5
        assert ours.action.dtype == theirs.action.dtype and ours.log_prob.shape == theirs.log_prob.shape


def test_it_drives_a_robot_by_one_argument(tmp_path: Path) -> None:
    policy = tmp_path / "balance.onnx"
    onnx_export.export(balancing(tmp_path / "policy") / "weights.safetensors", policy, "CartPole-v1")
    robot = tmp_path / "cart.yaml"
    robot.write_text(f"driver: {CART}:Cart\ntask: CartPole-v1\nrate: 20\nstart: automatic\n")
    run = finished(tmp_path, "hardware.yaml", f"policy:={policy}", f"robot:={robot}", "seconds:=3")
    assert run.report["stops"] == 0 and run.report["seconds_up"] > 1 and "weights_digest" not in run.report
    assert (run.run_dir / "inherited" / "policy.file" / "policy.onnx").read_bytes() == policy.read_bytes()


def strangers(path: Path, outputs: list[Any], nodes: list[Any], batch: int | str = 1, numbers: int = 4) -> Path:
    """A file of another program: observations [batch, numbers] as `obs`."""
    helper = onnx.helper
    seen = helper.make_tensor_value_info("obs", onnx.TensorProto.FLOAT, [batch, numbers])
    graph = helper.make_graph(nodes, "other", [seen], outputs)
    opset = helper.make_opsetid("", 13)
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[opset]), path)
    return path


def largest(path: Path, numbers: int = 4) -> Path:
    """The index of the largest number, for one observation at a time; and a second output."""
    info, kinds = onnx.helper.make_tensor_value_info, onnx.TensorProto
    nodes = [
        onnx.helper.make_node("ArgMax", ["obs"], ["chosen"], axis=1, keepdims=0),
        onnx.helper.make_node("Tanh", ["obs"], ["other"]),
    ]
    outputs = [info("chosen", kinds.INT64, [1]), info("other", kinds.FLOAT, [1, numbers])]
    return strangers(path, outputs, nodes, numbers=numbers)


def test_a_file_of_another_program_acts_even_if_it_takes_one_observation_at_a_time(tmp_path: Path) -> None:
    policy = onnx_file.read(largest(tmp_path / "other.onnx"), Task("CartPole-v1"))
    seen = np.array([[0, 3, 0, 0], [2, 1, 0, 0]], np.float32)
    assert policy.actions(seen).tolist() == [1, 0] and policy(seen[0]) == 1
    assert operators.law(str(tmp_path / "other.onnx"), Task("CartPole-v1"))(seen[0]) == 1
    with pytest.raises(FloatingPointError, match=r"other.onnx: observation\[0, 1\] is nan"):
        policy.actions(np.array([[0, np.nan, 0, 0]], np.float32))


def test_a_file_that_does_not_fit_is_refused_with_a_sentence(tmp_path: Path) -> None:
    def why(env: str) -> str:
        with pytest.raises(Refusal) as refusal:
            onnx_file.read(tmp_path / "other.onnx", Task(env))
        return str(refusal.value)

    assert "other.onnx: cannot be read: No such file" in why("CartPole-v1")
    (tmp_path / "other.onnx").write_bytes(b"no model")
    assert "other.onnx: cannot be read as an ONNX file: " in why("CartPole-v1")
    largest(tmp_path / "other.onnx")
    assert "takes obs tensor(float) [1, 4], but Pendulum-v1 has observations float32 [n, 3]" in why("Pendulum-v1")
    largest(tmp_path / "other.onnx", numbers=3)
    assert "answers one observation with int64 [1], but must give an action, numbers [n, 1]" in why("Pendulum-v1")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_file(drawn(*KINDS["a choice, PPO"]), tmp_path / "weights.safetensors")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(Refusal, match=r"policy.onnx: .* needs an extra: pip install -c constraints.txt -e '.\[onnx\]'"):
        onnx_export.export(tmp_path / "weights.safetensors", tmp_path / "policy.onnx", "Acrobot-v1")
