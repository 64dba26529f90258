"""Observations to actions, by an ONNX file. It needs the extra `onnx`, and runs without torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from tutelage import Message, Node
from tutelage.drivers.robot import task_of
from tutelage.input.problems import Problem, Refusal
from tutelage.messages import Action, Observation
from tutelage.tasks import onnx_file
from tutelage.tasks.task import Env, Task


class OnnxPolicy(Node):
    """Answers each observation with the action of an ONNX file, for the task of `env` or that of the `robot`'s file."""

    hears = (Observation,)
    says = (Action,)
    inherits: ClassVar[dict[str, str]] = {"file": onnx_file.NAME}

    def __init__(self, file: str, env: Env | None = None, robot: str | None = None) -> None:
        task = _task(env, robot)
        self.spaces, self.policy = task.spaces, onnx_file.read(Path(file), task)

    def hear(self, message: Message) -> Iterator[Message]:
        assert isinstance(message, Observation)
        action = self.spaces.from_task(self.policy.actions(message.observation))
        certain = np.zeros(len(action), np.float32)
        yield Action(message.rollout, message.step, action=action, log_prob=certain, policy_version=0)


def _task(env: Env | None, robot: str | None) -> Task:
    if robot is None:
        if env is None:
            raise Refusal([Problem("env", "is missing: name the environment, or a robot's file by `robot`")])
        return Task(env)
    if (task := task_of(Path(robot))) is None:
        raise Refusal([Problem(robot, "its task cannot be read")])
    return task.task
