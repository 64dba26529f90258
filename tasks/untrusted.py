"""Checks environments that data files name, since data must run no code.

A launch file and a robot's file are code: to name one is to run it. Demonstrations, recordings and run folders are
data. The environment that they name must be gymnasium's; any other needs `--trust`.
"""

from __future__ import annotations

import re
from typing import Any

import gymnasium

from tutelage.input.loading import named
from tutelage.input.problems import Problem, Refusal
from tutelage.tasks.task import Env, Task

OURS = {"drivers.rig.environment:randomised_cart_pole"}
"""Environments in modules of our own that data may name."""

_WRAPPERS = "gymnasium.wrappers"

_WORD = re.compile(r"[\w -]*")
"""Text that names no file, no module and no address: what an environment's arguments in data may be."""


def check_env(env: Env, where: object) -> None:
    """Refuses an environment named by data, unless it and its wrappers are gymnasium's and its arguments plain.

    Raises:
        Refusal: it says which part would run code, or open a file.
    """
    task = Task(env)
    code = [task.env] if ":" in task.env and task.env not in OURS else []
    code += [place for place in task.wrappers if not _is_wrapper(place)]
    code += [f"{name}: {value!r}"[:80] for name, value in task.arguments.items() if not _is_plain(value)]
    if code:
        what = f"its environment is made with {', '.join(code)}, which can run code"
        raise Refusal([Problem(where, f"{what}: name it yourself (--env, env:=), or say --trust")])


def _is_wrapper(place: str) -> bool:
    """Whether it is one of gymnasium's own wrappers. Nothing else is imported to find out."""
    module = place.partition(":")[0]
    if module != _WRAPPERS and not module.startswith(f"{_WRAPPERS}."):
        return False
    found: Any = named(place)
    return isinstance(found, type) and issubclass(found, gymnasium.Wrapper) and found.__module__.startswith(_WRAPPERS)


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_plain(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return bool(_WORD.fullmatch(value)) if isinstance(value, str) else isinstance(value, int | float | None)
