"""What a launch file sets of a learner's mathematics, by name."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from tutelage.problems import LaunchError, Problem, did_you_mean
from tutelage.task import TaskSpaces

BINARY_BUDGET, DISCRETE_BUDGET, CONTINUOUS_BUDGET = 114_688, 1_048_576, 2_097_152

Kind = TypeVar("Kind")


def chosen(kind: type[Kind], given: dict[str, Any] | None) -> Kind:
    """The settings `kind`, a dataclass, with what is given.

    Raises:
        LaunchError: there is no such setting.
    """
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    for name in given or {}:
        if name not in known:
            raise LaunchError([Problem("settings", f"has no '{name}'; {did_you_mean(name, known)}")])
    return kind(**(given or {}))


def budget(given: int, spaces: TaskSpaces) -> int:
    """Environment steps to learn from: so many as are given; for 0, by how much an action can be."""
    discrete = BINARY_BUDGET if spaces.action == 2 else DISCRETE_BUDGET
    return given or (discrete if spaces.discrete else CONTINUOUS_BUDGET)
