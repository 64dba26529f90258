"""`tutelage export`: the policy of a run as an ONNX file, for programs that know nothing of tutelage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tutelage.files import durable
from tutelage.files.rows import naming
from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import installing
from tutelage.learning.acting import LIMIT, Tensors, forward
from tutelage.learning.draws import generator
from tutelage.tasks.onnx_file import SUFFIX, OnnxPolicy
from tutelage.tasks.task import Task, TaskSpaces
from tutelage.tasks.trained import TrainedPolicy, load

OPSET, IR_VERSION = 13, 8
"""Of ONNX 1.10 (2021): runtimes on robots may be old."""

CHECKED, SPREAD = 1000, 3.0
"""Observations that are compared, and their deviation, in deviations of those that the policy has learned from."""

TOLERATED = 1e-5


def export(run: Path, target: Path, env: str | None = None) -> str:
    """Writes the policy of a run's folder, or of a file of weights, as `target`, once the two give the same actions.

    The file's input is `observation`, float32 [n, obs]; its output `action`, int64 [n] or float32 [n, A], the likeliest
    action as the task takes it. The scaling of observations and the bounds of actions are inside.

    Raises:
        Refusal: there is no such policy, the target exists, onnx is not installed, or the two differ.
    """
    if target.suffix != SUFFIX:
        raise Refusal([Problem(target, f"must be the name of an ONNX file, for example policy{SUFFIX}")])
    if target.exists():
        raise Refusal([Problem(target, "this file exists already: name another")])
    policy = load(run, env)
    file = model(policy.tensors, policy.task, target)
    difference = greatest_difference(policy, OnnxPolicy(file, target, policy.task))
    if not difference <= TOLERATED:
        what = (
            f"was not written: its actions differ from the policy's by up to {difference:.1e}, more than {TOLERATED:g}"
        )
        raise Refusal([Problem(target, what)])
    with naming(target):
        durable.write(target, file)
    spaces = policy.task.spaces
    action = "int64 [n]" if spaces.discrete else f"float32 [n, {spaces.action}]"
    return (
        f"{target}: {policy.task.env}, observation float32 [n, {spaces.observation}] to action {action}; "
        f"greatest difference {difference:.1e} over {CHECKED} observations"
    )


def greatest_difference(policy: TrainedPolicy, file: OnnxPolicy) -> float:
    """How far the file's actions are from the policy's, over CHECKED observations around those that it learned from.

    Of numbers: in the frame where the bounds are -1 and 1. Of a choice: by how much the policy's network finds its own
    better; two that are equally good to the last bits may be told apart by rounding.
    """
    tensors, spaces = policy.tensors, policy.task.spaces
    drawn = generator(0, "export", "observation").standard_normal((CHECKED, spaces.observation))
    seen = (tensors["observation.mean"] + SPREAD * drawn / tensors["observation.scale"]).astype(np.float32)
    own, others = policy(seen), file.actions(seen)
    if spaces.discrete:
        logit, row = forward(tensors, seen), np.arange(CHECKED)
        return float((logit[row, own] - logit[row, others]).max())
    return float(np.abs(spaces.from_task(own) - spaces.from_task(others)).max())


def model(tensors: Tensors, task: Task, where: object) -> bytes:
    """An ONNX model of the likeliest action.

    Raises:
        Refusal: onnx is not installed.
    """
    try:
        from onnx import TensorProto, checker, helper, numpy_helper
    except ImportError as error:
        raise Refusal([Problem(where, f"writing an ONNX file needs an extra: {installing('onnx')}")]) from error
    spaces = task.spaces
    layers, constants = _layers(tensors, spaces)
    nodes = [helper.make_node(kind, inputs, [output], **more) for kind, inputs, output, more in layers]
    seen = helper.make_tensor_value_info("observation", TensorProto.FLOAT, ["n", spaces.observation])
    kind, numbers = (TensorProto.INT64, []) if spaces.discrete else (TensorProto.FLOAT, [spaces.action])
    said = helper.make_tensor_value_info("action", kind, ["n", *numbers])
    used = {name for layer in layers for name in layer[1]}  # a reader warns of others
    kept = [
        numpy_helper.from_array(np.asarray(constants[name], np.float32), name) for name in constants if name in used
    ]
    graph = helper.make_graph(nodes, "policy", [seen], [said], kept, doc_string=f"Likeliest action, {task.env}")
    made = helper.make_model(
        graph, producer_name="tutelage", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    checker.check_model(made)
    return bytes(made.SerializeToString())


Layer = tuple[str, list[str], str, dict[str, Any]]
"""Operation, inputs, output, settings."""


def _layers(tensors: Tensors, spaces: TaskSpaces) -> tuple[list[Layer], dict[str, Any]]:
    """What `learning.acting` and `TaskSpaces.to_task` compute, as operations of ONNX, and their constants."""
    actor = "actor.0.weight" in tensors
    name, bend = ("actor", "Relu") if actor else ("policy", "Tanh")
    constants: dict[str, Any] = {
        key: array for key, array in tensors.items() if key.endswith((".weight", ".bias", ".mean", ".scale"))
    }
    for last in (f"{name}.2.weight", f"{name}.2.bias"):
        constants[last] = tensors[last][: spaces.action]  # of a squashed Gaussian the means alone
    constants |= {"low": -1.0, "high": 1.0, "limit.low": -LIMIT, "limit.high": LIMIT}
    layers: list[Layer] = [
        ("Sub", ["observation", "observation.mean"], "centred", {}),
        ("Mul", ["centred", "observation.scale"], "scaled", {}),
        ("Clip", ["scaled", "limit.low", "limit.high"], "seen", {}) if actor else ("Identity", ["scaled"], "seen", {}),
        ("Gemm", ["seen", f"{name}.0.weight", f"{name}.0.bias"], "sum.0", {"transB": 1}),
        (bend, ["sum.0"], "hidden.0", {}),
        ("Gemm", ["hidden.0", f"{name}.1.weight", f"{name}.1.bias"], "sum.1", {"transB": 1}),
        (bend, ["sum.1"], "hidden.1", {}),
        ("Gemm", ["hidden.1", f"{name}.2.weight", f"{name}.2.bias"], "sum.2", {"transB": 1}),
    ]
    if spaces.discrete:
        return [*layers, ("ArgMax", ["sum.2"], "action", {"axis": 1, "keepdims": 0})], constants
    constants |= {"middle": (spaces.high + spaces.low) / 2, "half": (spaces.high - spaces.low) / 2}
    return [
        *layers,
        ("Tanh" if actor else "Identity", ["sum.2"], "mode", {}),
        ("Clip", ["mode", "low", "high"], "bounded", {}),
        ("Mul", ["bounded", "half"], "stretched", {}),
        ("Add", ["stretched", "middle"], "action", {}),
    ], constants
