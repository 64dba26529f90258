"""The channels of a robot's file, checked: each entry of `observes` and `accepts` becomes a named tuple."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar, get_type_hints

from tutelage.input.problems import Problem, Refusal, did_you_mean

T = TypeVar("T")


def channels(
    key: str, entries: list[dict[str, Any]], kind: type[T], choices: Mapping[str, Collection[object]] | None = None
) -> list[T]:
    """The entries as tuples of that kind; `choices` lists what some of its fields may be.

    Raises:
        Refusal: all problems of the entries.
    """
    problems = [
        Problem(f"{key}[{i}]", what)
        for i, entry in enumerate(entries)
        for what in _wrong(entry, get_type_hints(kind), getattr(kind, "_field_defaults", {}), choices or {})
    ]
    if problems:
        raise Refusal(problems)
    return [kind(**entry) for entry in entries]


def _wrong(
    entry: dict[str, Any], types: dict[str, type], defaults: dict[str, Any], choices: Mapping[str, Collection[object]]
) -> Iterator[str]:
    for name in entry.keys() - types.keys():
        yield f"a channel has no '{name}'; {did_you_mean(name, types)}"
    for name, kind in types.items():
        if name not in entry:
            if name not in defaults:
                yield f"its '{name}' is missing"
        elif isinstance(entry[name], bool) or not isinstance(entry[name], (int, float) if kind is float else kind):
            yield f"its '{name}' must be {'a number' if kind is float else f'of type {kind.__name__}'}: {entry[name]!r}"
        elif name in choices and entry[name] not in choices[name]:
            yield f"its '{name}' is '{entry[name]}', but must be one of {', '.join(map(str, choices[name]))}"
