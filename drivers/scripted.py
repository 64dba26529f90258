"""Operators that need no human: controllers that know their task."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tutelage.problems import LaunchError, Problem
from tutelage.task import named

Operator = Callable[[np.ndarray], int | np.ndarray]
"""Observation [obs] to the action that the task takes."""


def cart_pole(observation: np.ndarray) -> int:
    """CartPole by a linear quadratic regulator, its force reduced to the two that there are: 500 steps every time."""
    gain = np.array([1.0, 1.6, 18.0, 3.2])  # position, speed, angle, angular speed
    return int(gain @ observation > 0)


OPERATORS: dict[str, Operator] = {"CartPole-v1": cart_pole}


def operator(name: str, env: str) -> Operator:
    """The operator of an environment: ours if `name` is "scripted", or the function `package.module:function`.

    Raises:
        LaunchError: there is none.
    """
    if ":" in name:
        return named(name)
    if name != "scripted":
        raise LaunchError([Problem("operator", f"is '{name}', but must be scripted or package.module:function")])
    return scripted(env)


def scripted(env: str) -> Operator:
    """The scripted operator of an environment.

    Raises:
        LaunchError: there is none; the sentence says which environments have one.
    """
    if env not in OPERATORS:
        known = ", ".join(OPERATORS)
        what = f"has no scripted operator, only {known} have: name a file of demonstrations, or an operator of your own"
        raise LaunchError([Problem(env, what)])
    return OPERATORS[env]
