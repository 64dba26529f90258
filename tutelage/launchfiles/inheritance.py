"""Arguments that a launch file has from a file that it includes.

    include:
      - {file: training.yaml, arguments: [env, seed], inherit: true}

All other arguments of training.yaml are then this file's own, too, and are passed on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from tutelage.input import yaml_marks
from tutelage.input.problems import UNKNOWN, LaunchError, Location, Problem
from tutelage.input.yaml_marks import Item, plain, shown
from tutelage.launchfiles.arguments import Argument, Given, by_name, declare
from tutelage.launchfiles.search import find

Items = Mapping[str, Item]


def arguments(
    items: Items, path: Path, given: Mapping[str, Given], problems: list[Problem], within: tuple[Path, ...] = ()
) -> dict[str, Argument]:
    """The arguments of a launch file, with their values: those that it declares, and after them the inherited ones.

    Args:
        items: the file's keys.
        within: the files that inherit from it; a circle ends where it closes.
    """
    nothing = Item({}, Location(shown(path), 1, 1))
    own = declare(items.get("arguments", nothing), path, given, problems)
    for include in _includes(items) if path not in within else ():
        passed = {name: Given(UNKNOWN, include.place) for name in _passed(include)}  # their values do not matter here
        for file, inner in _included(include, path):
            inherited = arguments(inner, file, {**given, **passed}, problems, (*within, path))
            own |= {name: _inherited(one, passed) for name, one in inherited.items() if name not in (*passed, *own)}
    return own


def _inherited(argument: Argument, passed: Mapping[str, Given]) -> Argument:
    """An argument of an included file as one of this file, which has none of those that it passes to that one."""
    return replace(argument, sources={name: one for name, one in argument.sources.items() if name not in passed})


def names(include: Item, path: Path) -> set[str]:
    """The arguments that a file inherits from this include of it."""
    found = [arguments(inner, file, {}, []) for file, inner in _included(include, path)]
    return {name for each in found for name in each} - set(_passed(include))


def _includes(items: Items) -> list[Item]:
    value = items["include"].value if "include" in items else None
    return value if isinstance(value, list) else []


def _included(include: Item, path: Path) -> Iterator[tuple[Path, Items]]:
    """The file of an include that inherits, and its keys. What is wrong with it is reported when it is read."""
    keys = include.value if isinstance(include.value, dict) else {}
    if "file" not in keys or "inherit" not in keys or plain(keys["inherit"]) is not True:
        return
    try:
        file = find(str(plain(keys["file"])), path.parent)
    except LaunchError:
        return
    item = yaml_marks.read(file, [])
    if item and isinstance(item.value, dict):
        yield file, item.value


def _passed(include: Item) -> list[str]:
    """The arguments that an include gives a value to."""
    keys = include.value if isinstance(include.value, dict) else {}
    given = keys.get("arguments")
    return list(by_name(given).value) if given and isinstance(given.value, dict | list) else []
