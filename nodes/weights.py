"""Weights that were learned in another run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from tutelage import Message, Node
from tutelage.drivers.robot import task_of
from tutelage.files import durable
from tutelage.finite import check_all
from tutelage.input.problems import LaunchError, Problem
from tutelage.learning.acting import act
from tutelage.messages import Weights
from tutelage.tasks.task import Task


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


def read(run: Path) -> bytes:
    """The file of a run's final weights, or a file that is named: what its report is of, and a policy that can act.

    Raises:
        LaunchError: there is none, or it has been changed, or is no policy's.
    """
    path = weights_file(run)
    file, report = path.read_bytes(), path.with_name("report.json")
    tensors_of(file, path)
    digest = "interim_weights_digest" if "interim" in path.name else "weights_digest"
    wanted = durable.read_json(report).get(digest) if report.is_file() else None
    if wanted and hashlib.sha256(file).hexdigest() != wanted:
        what = f"is not the file that the run ended with, by the {digest} of its report.json: name another run"
        raise LaunchError([Problem(path, what)])
    return file


def tensors_of(file: bytes, where: Path) -> dict[str, np.ndarray]:
    """The weights of the policy in a file. They are finite and have acted once: their names and shapes fit each other.

    Raises:
        LaunchError: they cannot be read, or are of no policy of ours.
    """
    try:
        tensors = load(file)
        check_all("a policy cannot act by it", tensors)
        act(tensors, np.zeros((1, tensors["policy.0.weight"].shape[1]), np.float32))
    except FloatingPointError as error:
        raise LaunchError([Problem(where, str(error))]) from error
    except (SafetensorError, OSError, LookupError, ValueError, TypeError, OverflowError) as error:
        raise LaunchError([Problem(where, f"cannot be read as the weights of a policy: {error}")]) from error
    return tensors


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
        self.file = read(Path(run))
        task = task_of(Path(robot))
        if task and (why := unfit(tensors_of(self.file, Path(run)), task.task)):
            raise LaunchError([Problem("policy", why)])

    def start(self) -> Iterator[Message]:
        yield Weights(0, 0, 0, np.frombuffer(self.file, np.uint8), 0, stop=False, final=True)
