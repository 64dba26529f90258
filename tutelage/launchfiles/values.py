"""The values of a launch file: substitutions filled in, checked, and what is wrong with each collected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tutelage.input.problems import UNKNOWN, LaunchError, Location, Problem
from tutelage.input.types import checked
from tutelage.input.yaml_marks import Item
from tutelage.launchfiles import entries as language
from tutelage.launchfiles.entries import Scope
from tutelage.launchfiles.search import find
from tutelage.launchfiles.substitution import fill

_NAME = re.compile(r"/?[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")


class Values:
    """Reads the values of a file's pieces, and collects its `problems`."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def topics(self, items: Mapping[str, Item], parts: Mapping[str, Any], scope: Scope) -> dict[str, Item]:
        """The remaps of a node, a group or a file that can be read."""
        if "remap" not in parts:
            return {}
        filled = fill(items["remap"], scope.names, []).value
        return {own: to for own, to in filled.items() if to.value is not UNKNOWN and self.is_name(to.value, to.place)}

    def process(self, items: Mapping[str, Item], parts: Mapping[str, Any], scope: Scope) -> str:
        """The full name of the process that a node (with its index), a group or a file names, or that of the scope."""
        name = parts.get("process") or ""
        named = name and self.is_name(name, items["process"].place)
        own = f"{name}-{scope.names['index']}" if "count" in items else name
        return scope.absolute(own) if named else "" if "process" in parts else scope.process

    def values(self, items: Mapping[str, Item], table: Mapping[str, Any], what: str, scope: Scope) -> dict[str, Any]:
        """Plain values, filled in and checked, except those of LATER."""
        ready = [key for key in items if key not in language.LATER]
        filled = {key: fill(items[key], scope.names, self.problems) for key in ready}
        return checked({**items, **filled}, table, what, self.problems)

    def found(self, key: str, parts: Mapping[str, Any], items: Mapping[str, Item], scope: Scope) -> Path | None:
        """The file that a key names."""
        try:
            return find(parts[key], scope.folder) if key in parts else None
        except LaunchError as error:
            self.problem(items[key].place, str(error))
            return None

    def is_name(self, name: str, place: Location) -> bool:
        if _NAME.fullmatch(name):
            return True
        self.problem(place, f"'{name}' is not a name: use letters, digits, _ and -, with / after a namespace")
        return False

    def problem(self, where: object, what: str) -> None:
        self.problems.append(Problem(where, what, hides=True))
