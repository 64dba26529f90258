"""Weights that were learned in another run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
from safetensors.numpy import load_file

from drivers.robot import task_of
from messages import Weights
from tutelage import Message, Node
from tutelage.problems import LaunchError, Problem
from tutelage.task import Task


def weights_file(run: Path) -> Path:
    """Where the final weights of a run are; or any file of weights, if it is one that is named.

    Raises:
        LaunchError: there are none.
    """
    path = run if run.is_file() else run / "weights.safetensors"
    if path.is_file():
        return path
    what = "there are no weights here: name the folder of a run that has ended"
    interim = run / "weights.interim.safetensors"
    if (run / "run.json").is_file():
        what = f"this run has not ended, so it has no final weights: go on with it by `launch --resume {run}`"
    if interim.is_file():
        what += f", or name the interim ones that it had come to, {interim}"
    raise LaunchError([Problem(run, what)])


def unfit(tensors: dict[str, np.ndarray], task: Task) -> str:
    """Why a policy's weights are not of a task; empty where they may be."""
    inputs, outputs = tensors["policy.0.weight"].shape[1], len(tensors["policy.2.weight"])
    numbers, actions = task.spaces.observation, task.spaces.action
    if inputs != numbers:
        return f"was learned from {inputs} numbers an observation, but {task.env} has {numbers}: it is of another task"
    if outputs != actions:
        return f"was learned for actions of {outputs}, but {task.env} has {actions}: it is of another task"
    return ""


class SavedWeights(Node):
    """Says the final weights of a run, for all rollouts to come.

    They must be of the task that the `robot`'s file names.
    """

    says = (Weights,)
    inherits: ClassVar[dict[str, str]] = {"run": "weights.safetensors"}

    def __init__(self, run: str, robot: str) -> None:
        self.path = weights_file(Path(run))
        task = task_of(Path(robot))
        if task and (why := unfit(load_file(self.path), task.task)):
            raise LaunchError([Problem("policy", why)])

    def start(self) -> Iterator[Message]:
        tensors = np.frombuffer(self.path.read_bytes(), np.uint8)
        yield Weights(0, 0, 0, tensors, 0, stop=False, final=True)
