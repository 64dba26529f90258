"""Fills values into the texts of a launch file.

    $(name)              an argument; or `dirname`: the folder of this file; `index`: which of `count` nodes;
                         `process`: the launcher's process number
    $(env NAME)          an environment variable
    $(env NAME default)  the same, with a default
    $$(                  the characters $( themselves

A text that is only `$(name)` becomes the argument's value, with its type. Values are not filled in again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tutelage.input.problems import UNKNOWN, Problem, did_you_mean
from tutelage.input.types import text
from tutelage.input.yaml_marks import Item, marked

_MARK = re.compile(r"\$\$\(|\$\(([^()]*)\)")


def of_file(path: Path) -> dict[str, Any]:
    """The names that a launch file may use without declaring them."""
    return {"dirname": str(path.parent), "process": os.getpid()}


def fill(item: Item, names: Mapping[str, Any], problems: list[Problem]) -> Item:
    """The item with all its texts filled in. A text that cannot be filled in is UNKNOWN, and a problem."""
    if isinstance(item.value, dict):
        return replace(item, value={key: fill(inner, names, problems) for key, inner in item.value.items()})
    if isinstance(item.value, list):
        return replace(item, value=[fill(inner, names, problems) for inner in item.value])
    if isinstance(item.value, str) and "$(" in item.value:
        return marked(_filled(item, names, problems), item.place, item.key)
    return item


def escaped(value: Any) -> Any:
    """Plain data, escaped so that `fill` returns the original texts."""
    if isinstance(value, dict):
        return {key: escaped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [escaped(inner) for inner in value]
    return value.replace("$(", "$$(") if isinstance(value, str) else value


def _filled(item: Item, names: Mapping[str, Any], problems: list[Problem]) -> Any:
    whole = _MARK.fullmatch(item.value)
    if whole:
        return _value(whole, item, names, problems)
    values = [_value(mark, item, names, problems) for mark in _MARK.finditer(item.value)]
    if UNKNOWN in values:
        return UNKNOWN
    rest = iter(values)
    return _MARK.sub(lambda mark: text(next(rest)), item.value)


def _value(mark: re.Match[str], item: Item, names: Mapping[str, Any], problems: list[Problem]) -> Any:
    if mark[1] is None:
        return "$("
    word, *more = mark[1].split(maxsplit=2) or [""]
    if word == "env" and more:
        return _variable(more, item, problems)
    if word in names and not more:
        return names[word]
    what = f"there is no argument '{mark[1]}' for $({mark[1]}); {did_you_mean(word, names)}"
    problems.append(Problem(item.place, what, hides=True))
    return UNKNOWN


def _variable(words: list[str], item: Item, problems: list[Problem]) -> Any:
    name, *default = words
    if name in os.environ:
        return os.environ[name]
    if default:
        return default[0]
    what = f"the environment variable {name} is not set: set it, or give a default as in $(env {name} default)"
    problems.append(Problem(item.place, what, hides=True))
    return UNKNOWN
