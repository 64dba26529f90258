"""Which machine a launch file puts nodes on: one of a name (`host`), or one that Ray chooses by what it has (`on`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tutelage.input.problems import Problem
from tutelage.input.types import checked, keys
from tutelage.input.yaml_marks import Item
from tutelage.launchfiles.entries import ON, Entry, LaunchFile, Scope
from tutelage.launchfiles.substitution import fill

_NAME = re.compile(r"[A-Za-z0-9_-]+")


def where(parts: Mapping[str, Any], items: Mapping[str, Item], scope: Scope, launch_file: LaunchFile) -> Scope:
    """The scope on the machine that is stated here, if one is. One that Ray chooses gets a name if it has none."""
    if not parts.keys() & {"host", "on"}:
        return scope
    on, problems = dict[str, Any](), launch_file.problems
    if "on" in parts:
        stated = keys(fill(items["on"], scope.names, problems), ON, "on", problems, hides=False)
        on = {"cpu": 1, **checked(stated, ON, "on", problems, hides=False)}
        for name in on.get("resources", {}).keys() & {"CPU", "GPU"}:
            what = f"{name} is Ray's own, and `resources` are those that you named at `ray start`"
            place = stated["resources"].value[name].key
            problems.append(Problem(place, f"{what}: write `{name.lower()}` beside `resources` instead"))
    host = parts.get("host") or (f"ray-{next(launch_file.numbers)}" if on else "")
    if on and not _NAME.fullmatch(host):
        what = f"'{host}' is no name of a machine: use letters, digits, _ and -"
        problems.append(Problem(items["host"].place, what))
    return replace(scope, host=host, on=on)


def refuse_contradictions(entries: list[Entry], problems: list[Problem]) -> None:
    """A problem for each node whose machine must have something else for another node."""
    first: dict[str, Entry] = {}
    for entry in entries:
        other = first.setdefault(entry.scope.host, entry)
        if other.scope.on != entry.scope.on:
            what = f"{entry.name} and {other.name} are both on the machine {entry.scope.host}: give both the same `on`"
            problems.append(Problem(entry.place, what))
