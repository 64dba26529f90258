"""Checks values of launch files against type hints, and describes both in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from tutelage.input.problems import UNKNOWN, Problem, did_you_mean
from tutelage.input.yaml_marks import Item, plain

_WORDS = {
    bool: "true or false",
    int: "an int",
    float: "a float",
    str: "a string",
    NoneType: "null",
    list: "a list",
    dict: "a mapping",
}


def fits(value: Any, hint: Any) -> bool:
    """Whether a plain value has this type. A hint for which YAML has no values fits everything."""
    origin, inner = get_origin(hint) or hint, get_args(hint)
    if value is UNKNOWN or hint is Any:
        return True
    if origin in (Union, UnionType):
        return any(fits(value, one) for one in inner)
    if origin is Annotated:
        return fits(value, inner[0])
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in inner)
    if origin is float:
        return type(value) in (int, float)
    if origin in (bool, int, str, None, NoneType):
        return type(value) is (NoneType if origin is None else origin)
    return _collection_fits(value, origin, inner)


def _collection_fits(value: Any, origin: Any, inner: tuple[Any, ...]) -> bool:
    if not isinstance(origin, type):
        return True
    if issubclass(dict, origin) and isinstance(value, dict):
        return len(inner) < 2 or all(fits(one, inner[1]) for one in value.values())
    if issubclass(list, origin) and isinstance(value, list):
        return not inner or all(fits(one, inner[0]) for one in value)
    return not (issubclass(list, origin) or issubclass(dict, origin))


def describe(hint: Any) -> str:
    """A type in words: 'a float or null'."""
    origin, inner = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(describe(one) for one in inner)
    if origin is Annotated:
        return describe(inner[0])
    if origin is Literal:
        return " or ".join(f"'{one}'" for one in inner)
    if inner and isinstance(origin, type) and issubclass(list, origin):
        return f"a list, each element {describe(inner[0])}"
    if len(inner) > 1 and isinstance(origin, type) and issubclass(dict, origin):
        return f"a mapping, each value {describe(inner[1])}"
    return _WORDS.get(origin, getattr(origin, "__name__", str(origin)))


def found(value: Any) -> str:
    """A value in words: "the string 'abc'"."""
    if isinstance(value, str):
        return f"the string '{value if len(value) <= 200 else value[:200] + '...'}'"
    if isinstance(value, list | dict):
        return f"{_WORDS[type(value)]} ({value!r})"[:80]
    return text(value)


def text(value: Any) -> str:
    """A value as a launch file writes it inside a longer text."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else "null" if value is None else str(value)


def keys(
    item: Item, known: Mapping[str, Any], what: str, problems: list[Problem], hides: bool = True
) -> dict[str, Item]:
    """The entries of a mapping whose keys are known. It is a problem if a key is unknown, or it is not a mapping."""
    if not isinstance(item.value, dict):
        if item.value is not UNKNOWN:
            must = f"{what} must be a mapping, but is {found(plain(item))}"
            problems.append(Problem(item.place, must, hides))
        return {}
    for key, value in item.value.items():
        if key not in known:
            problems.append(Problem(value.key, f"{what} has no key '{key}'; {did_you_mean(key, known)}", hides))
    return {key: value for key, value in item.value.items() if key in known}


def checked(
    items: Mapping[str, Item], hints: Mapping[str, Any], what: str, problems: list[Problem], hides: bool = True
) -> dict[str, Any]:
    """Plain values by key: those that are known and of the right type. Each of a wrong type is a problem."""
    good = {}
    for key, item in items.items():
        value = plain(item)
        if value is UNKNOWN:
            continue
        if fits(value, hints[key]):
            good[key] = value
        else:
            must = f"{what}: '{key}' must be {describe(hints[key])}, but is {found(value)}"
            problems.append(Problem(item.place, must, hides))
    return good
