"""The control law that a launch file names: the known one of its task, or a function of the user's."""

from __future__ import annotations

from tasks.entry import Law
from tasks.known import LAWS
from tutelage.problems import LaunchError, Problem
from tutelage.task import named


def law_named(operator: str, env: str) -> Law:
    """The known law of a task if `operator` is "scripted", or the function `package.module:function`.

    Raises:
        LaunchError: there is none.
    """
    if ":" in operator:
        return named(operator)
    if operator != "scripted":
        raise LaunchError([Problem("operator", f"is '{operator}', but must be scripted or package.module:function")])
    return law_of(env)


def law_of(env: str) -> Law:
    """The known law of a task.

    Raises:
        LaunchError: there is none; the sentence says which tasks have one.
    """
    if env not in LAWS:
        known = ", ".join(LAWS)
        what = f"has no scripted operator, only {known} have: name a file of demonstrations, or an operator of your own"
        raise LaunchError([Problem(env, what)])
    return LAWS[env]
