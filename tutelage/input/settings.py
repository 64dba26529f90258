"""A learner's settings from a launch file, by name."""

from __future__ import annotations

from typing import Any, TypeVar, get_type_hints

from tutelage.input.problems import Problem, Refusal, did_you_mean
from tutelage.input.types import describe, fits, found

Kind = TypeVar("Kind")


def told_once(given: dict[str, Any] | None, **apart: object) -> None:
    """Refuses settings that have a name in them for which a node has a parameter, unless that is None.

    Raises:
        Refusal: they have; then the other nodes with this parameter would not know it.
    """
    for name in (name for name, value in apart.items() if value is not None and name in (given or {})):
        what = f"has '{name}', which other nodes must know, too: give it as {name}:=VALUE alone"
        raise Refusal([Problem("settings", what)])


def chosen(kind: type[Kind], given: dict[str, Any] | None) -> Kind:
    """The settings `kind`, a dataclass, with the given values. Whole numbers are at least 1, a discount is below 1.

    Raises:
        Refusal: there is no such setting, or its value is of another type or not in this range.
    """
    known = get_type_hints(kind)
    for name, value in (given or {}).items():
        if name not in known:
            raise Refusal([Problem("settings", f"has no '{name}'; {did_you_mean(name, known)}")])
        if not fits(value, known[name]) or (known[name] is int and value < 1):
            least = " of at least 1" if known[name] is int else ""
            what = f"'{name}' must be {describe(known[name])}{least}, but is {found(value)}"
            raise Refusal([Problem("settings", what)])
        if name == "discount" and not 0 <= value < 1:  # an episode without an end is worth 1 / (1 - discount) steps
            raise Refusal([Problem("settings", f"'discount' must be at least 0 and below 1, but is {found(value)}")])
    return kind(**(given or {}))
