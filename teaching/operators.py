"""Operators by the name in a launch file: a person's device, a control law, a file, or the policy of a run."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tutelage.input.loading import named
from tutelage.input.problems import Problem, Refusal, did_you_mean
from tutelage.input.types import describe, fits, found
from tutelage.tasks import finished_run, onnx_file
from tutelage.tasks.entry import Law
from tutelage.tasks.finished_run import unfit, weights_of
from tutelage.tasks.known import law_of
from tutelage.tasks.playing import policy_law
from tutelage.tasks.task import Env, Task
from tutelage.tasks.unknown_operator import unknown_operator
from tutelage.teaching.devices.automatic import Lawful, Replay
from tutelage.teaching.devices.device import Device
from tutelage.teaching.devices.guarded import guarded
from tutelage.teaching.formats import files

OPERATORS = (
    "keyboard, gamepad, browser, scripted, package.module:name of a function or a Device, a file of demonstrations, "
    "the folder of a run, or an ONNX file"
)

PERSONS = ("keyboard", "gamepad", "browser")

RUN_FILES = ("weights.safetensors", "run.json")
"""A folder that has one of these is a run."""


class Operator(NamedTuple):
    """An operator of a task, as a launch file names one."""

    task: Task
    name: str
    """names the device: see OPERATORS"""
    person: str = ""
    """who that is in recordings; by default the user, or the device if no person acts with it"""
    settings: dict[str, Any] | None = None
    """of the device"""


def device_of(operator: str, task: Task, settings: dict[str, Any]) -> Device:
    """The device that `operator` names (see OPERATORS), with its settings.

    Raises:
        Refusal: there is no such device, or it cannot be used here.
    """
    kind = _kind_of(operator)
    if kind:
        made = _made(kind, task, settings)
        return guarded(made, operator) if ":" in operator else made
    if settings:
        raise Refusal([Problem("device", f"'{operator}' has no settings: only a device for a person has")])
    if _is_run(operator) or onnx_file.is_onnx(operator):
        return Lawful(law(operator, task), Path(operator).name)
    if Path(operator).exists():
        return Replay(Path(operator), task)
    if operator == "scripted" or ":" in operator:
        return Lawful(law(operator, task), operator)
    raise unknown_operator(operator, OPERATORS)


def env_of(operator: str) -> Env | None:
    """The environment of the run, or of the file of demonstrations, that `operator` names; None of any other operator.

    Raises:
        Refusal: it cannot be read, or names an environment that is code.
    """
    if operator == "scripted" or onnx_file.is_onnx(operator) or _kind_of(operator) or not Path(operator).exists():
        return None
    return finished_run.env_of(operator) if _is_run(operator) else files.env_of(operator)


def law(operator: str, task: Task) -> Law:
    """The control law that `operator` names: `scripted`, a function, an ONNX file, or a run's likeliest actions.

    Raises:
        Refusal: there is none, or it is of another task.
    """
    if operator in PERSONS:
        what = f"is '{operator}': a person shows while it learns, add live:=true where the launch file has it"
        raise Refusal([Problem("operator", what)])
    if onnx_file.is_onnx(operator):
        return onnx_file.read(Path(operator), task)
    if not _is_run(operator):
        return law_of(task, operator)
    tensors = weights_of(Path(operator))
    if why := unfit(tensors, task):
        raise Refusal([Problem(operator, f"{why}, and cannot drive this one")])
    return policy_law(task, tensors)


def _is_run(operator: str) -> bool:
    return operator.endswith(".safetensors") or any((Path(operator) / name).exists() for name in RUN_FILES)


def _kind_of(operator: str) -> type[Device] | None:
    """The device's class, if `operator` names one. Imported only here: a gamepad needs a package of its own."""
    if operator == "keyboard":
        from tutelage.teaching.devices.keyboard import Keyboard

        return Keyboard
    if operator == "gamepad":
        from tutelage.teaching.devices.gamepad import Gamepad

        return Gamepad
    if operator == "browser":
        from tutelage.teaching.devices.browser import Browser

        return Browser
    found = named(operator) if ":" in operator and not Path(operator).exists() else None
    return found if isinstance(found, type) and issubclass(found, Device) else None


def _made(kind: type[Device], task: Task, settings: dict[str, Any]) -> Device:
    known = dict(list(inspect.signature(kind, eval_str=True).parameters.items())[1:])
    for name, value in settings.items():
        if name not in known:
            raise Refusal([Problem("device", f"{kind.name} has no setting '{name}'; {did_you_mean(name, known)}")])
        hint = known[name].annotation
        if hint is not inspect.Parameter.empty and not fits(value, hint):
            raise Refusal([Problem("device", f"'{name}' must be {describe(hint)}, but is {found(value)}")])
    made: Callable[..., Device] = kind
    return made(task, **settings)
