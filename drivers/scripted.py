"""Operators that need no human: controllers that know their task."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from drivers import controllers
from tutelage.problems import LaunchError, Problem
from tutelage.task import named

Operator = Callable[[np.ndarray], int | np.ndarray]
"""Observation [obs] to the action that the task takes."""


OPERATORS: dict[str, Operator] = {
    "Acrobot-v1": controllers.acrobot,
    "CartPole-v1": controllers.cart_pole,
    "MountainCar-v0": controllers.mountain_car,
    "MountainCarContinuous-v0": controllers.mountain_car_continuous,
    "Pendulum-v1": controllers.pendulum,
}


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
