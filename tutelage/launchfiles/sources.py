"""Arguments that follow from others: a robot's file, for example, names the environment of its task.

    env: {default: CartPole-v1, from: {robot: "drivers.robot:env_of", operator: "teaching.operators:env_of"}}

If `env` is not given, it is what the first of these functions returns, of the value that is given to the argument of
its name. None means that it does not follow from that one.
"""

from __future__ import annotations

from collections.abc import Mapping

from tutelage.input.loading import named
from tutelage.input.problems import UNKNOWN, Problem, Refusal
from tutelage.launchfiles.arguments import Argument, Given


def follow(arguments: Mapping[str, Argument], given: Mapping[str, Given], problems: list[Problem]) -> None:
    """Sets each argument that is not given but follows from a given one."""
    for argument in arguments.values():
        for name, function in argument.sources.items() if argument.name not in given else ():
            if name not in given or argument.follows or arguments[name].value in (None, UNKNOWN):
                continue
            try:
                value = named(function)(arguments[name].value)
            except Refusal as refusal:
                problems.extend(Problem(one.where, one.what, hides=True) for one in refusal.problems)
                return
            if value is not None:
                argument.value, argument.follows = value, name
