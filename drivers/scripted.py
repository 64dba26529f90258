"""Operators that need no human: controllers that know their task."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tutelage.problems import LaunchError, Problem

Operator = Callable[[np.ndarray], int | np.ndarray]
"""Observation [obs] to the action that the task takes."""


def cart_pole(observation: np.ndarray) -> int:
    """CartPole by a linear quadratic regulator, its force reduced to the two that there are: 500 steps every time."""
    gain = np.array([1.0, 1.6, 18.0, 3.2])  # position, speed, angle, angular speed
    return int(gain @ observation > 0)


OPERATORS: dict[str, Operator] = {"CartPole-v1": cart_pole}


def scripted(env: str) -> Operator:
    """The scripted operator of an environment.

    Raises:
        LaunchError: there is none; the sentence says which environments have one.
    """
    if env not in OPERATORS:
        known = ", ".join(OPERATORS)
        raise LaunchError([Problem(env, f"has no scripted operator, only {known} have: name a file of demonstrations")])
    return OPERATORS[env]
