"""What a launch file sets of a learner's mathematics, by name."""

from __future__ import annotations

from typing import Any, TypeVar, get_type_hints

from tutelage.input.problems import LaunchError, Problem, did_you_mean
from tutelage.input.types import describe, fits, found
from tutelage.tasks.task import TaskSpaces

BINARY_BUDGET, DISCRETE_BUDGET, CONTINUOUS_BUDGET = 114_688, 1_048_576, 2_097_152

Kind = TypeVar("Kind")


def chosen(kind: type[Kind], given: dict[str, Any] | None) -> Kind:
    """The settings `kind`, a dataclass, with what is given. Those that are whole numbers count something.

    Raises:
        LaunchError: there is no such setting, or it is of another type, or counts nothing.
    """
    known = get_type_hints(kind)
    for name, value in (given or {}).items():
        if name not in known:
            raise LaunchError([Problem("settings", f"has no '{name}'; {did_you_mean(name, known)}")])
        if not fits(value, known[name]) or (known[name] is int and value < 1):
            least = " of at least 1" if known[name] is int else ""
            what = f"'{name}' must be {describe(known[name])}{least}, but is {found(value)}"
            raise LaunchError([Problem("settings", what)])
    return kind(**(given or {}))


def budget(given: int, spaces: TaskSpaces) -> int:
    """Environment steps to learn from: so many as are given; for 0, by how much an action can be."""
    discrete = BINARY_BUDGET if spaces.action == 2 else DISCRETE_BUDGET
    return given or (discrete if spaces.discrete else CONTINUOUS_BUDGET)
