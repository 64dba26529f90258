"""Publishes the weights of another run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from tutelage import Message, Node
from tutelage.drivers.robot import task_of
from tutelage.input.problems import Problem, Refusal
from tutelage.messages import Weights
from tutelage.tasks.finished_run import read, tensors_of, unfit


class SavedWeights(Node):
    """Publishes the final weights of a run, for all rollouts. They must fit the task that the `robot`'s file names."""

    says = (Weights,)
    inherits: ClassVar[dict[str, str]] = {"run": "weights.safetensors"}

    def __init__(self, run: str, robot: str) -> None:
        self.file = read(Path(run))
        task = task_of(Path(robot))
        if task and (why := unfit(tensors_of(self.file, Path(run)), task.task)):
            raise Refusal([Problem("policy", why)])

    def start(self) -> Iterator[Message]:
        yield Weights(
            0,
            0,
            policy_version=0,
            tensors=np.frombuffer(self.file, np.uint8),
            environment_steps=0,
            stop=False,
            final=True,
        )
