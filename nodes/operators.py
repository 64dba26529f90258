"""Who drives, by the word of a launch file: a person's device, a control law, a file, or the policy of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from drivers.devices.automatic import Lawful, Replay
from drivers.devices.device import Device
from drivers.scripted import operator as named_law
from learning.acting import act
from nodes.evaluation import weights_of
from tutelage.problems import LaunchError, Problem
from tutelage.task import Task

OPERATORS = (
    "keyboard, gamepad, scripted, package.module:function, a file of demonstrations (npz) or the folder of a run"
)


def device_of(operator: str, task: Task, settings: dict[str, Any]) -> Device:
    """The device that `operator` names (see OPERATORS), with its settings.

    Raises:
        LaunchError: there is none, or it cannot be used here; one sentence.
    """
    if operator == "keyboard":
        from drivers.devices.keyboard import Keyboard

        return Keyboard(task, **settings)
    if operator == "gamepad":
        from drivers.devices.gamepad import Gamepad

        return Gamepad(task, **settings)
    if settings:
        raise LaunchError([Problem("device", f"'{operator}' has no settings: only keyboard and gamepad have")])
    if operator == "scripted" or (":" in operator and not Path(operator).exists()):
        return Lawful(named_law(operator, task.env), operator)
    if Path(operator).is_dir():
        return _policy_of(Path(operator), task)
    if Path(operator).is_file():
        return Replay(Path(operator), task.spaces)
    raise LaunchError([Problem("operator", f"is '{operator}', but must be {OPERATORS}")])


def _policy_of(run: Path, task: Task) -> Device:
    """What a run has learned, its likeliest action each time."""
    tensors, spaces = weights_of(run), task.spaces
    numbers = (tensors["policy.0.weight"].shape[1], tensors["policy.2.weight"].shape[0])
    if numbers != (spaces.observation, spaces.action) or spaces.discrete == ("policy.log_std" in tensors):
        raise LaunchError([Problem(run, f"has learned another task than {task.env}: it cannot drive it")])

    def law(observation: np.ndarray) -> np.ndarray:
        return spaces.to_task(act(tensors, observation[None])[0])[0]

    return Lawful(law, run.name)
