"""Reads a launch file and its includes. Problems are collected and reported together; wiring.py connects the nodes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tutelage.input import yaml_marks
from tutelage.input.problems import UNKNOWN, LaunchError, did_you_mean
from tutelage.input.types import checked, found, keys, text
from tutelage.input.yaml_marks import Item, plain, shown
from tutelage.launchfiles import entries as language
from tutelage.launchfiles import inheritance
from tutelage.launchfiles.arguments import Argument, Given, by_name, refuse_unknown
from tutelage.launchfiles.conditions import holds
from tutelage.launchfiles.entries import Entry, LaunchFile, Scope, Time
from tutelage.launchfiles.machines import where
from tutelage.launchfiles.mistaken import for_launch_file
from tutelage.launchfiles.running import run_of, types_of
from tutelage.launchfiles.sources import follow
from tutelage.launchfiles.substitution import fill, of_file
from tutelage.launchfiles.values import Values


def read(path: Path, arguments: Mapping[str, str] | None = None) -> LaunchFile:
    """Reads a launch file. Does not raise, but collects `problems`.

    Args:
        path: from `search.find`.
        arguments: from `arguments.from_command_line`.
    """
    given = {name: Given(value, f"{name}:={value}", is_text=True) for name, value in (arguments or {}).items()}
    launch_file = LaunchFile(path)
    _Reader(launch_file).file(path, given, Scope())
    return launch_file


def arguments(path: Path) -> LaunchFile:
    """The description and the arguments of a launch file, for `launch FILE --args`.

    Raises:
        LaunchError: it cannot be read.
    """
    launch_file = LaunchFile(path)
    item = yaml_marks.read(path, launch_file.problems)
    if item is None:
        raise LaunchError(launch_file.problems)
    if mistaken := for_launch_file(item, path):
        raise LaunchError([mistaken])
    _Reader(launch_file).head(keys(item, language.FILE, "a launch file", []), path, {})
    return launch_file


class _Reader(Values):
    def __init__(self, launch_file: LaunchFile) -> None:
        super().__init__(launch_file.problems)
        self.launch_file = launch_file

    def file(self, path: Path, given: Mapping[str, Given], scope: Scope) -> None:
        """Reads a file, the launched one or an included one."""
        item = yaml_marks.read(path, self.problems)
        if item is None:
            return
        if mistaken := for_launch_file(item, path):
            self.problems.append(mistaken)
            return
        items = keys(item, language.FILE, "a launch file", self.problems)
        arguments = self.head(items, path, given)
        names = {name: argument.value for name, argument in arguments.items()} | of_file(path)
        scope = replace(scope, files=(*scope.files, path), names=names, arguments=arguments)
        self.scope(items, language.FILE, "a launch file", scope)

    def head(self, items: Mapping[str, Item], path: Path, given: Mapping[str, Given]) -> dict[str, Argument]:
        """Reads a file's arguments; keeps those of the launched file, and its description."""
        arguments = inheritance.arguments(items, path, given, self.problems)
        refuse_unknown(arguments, given, shown(path), self.problems)
        follow(arguments, given, self.problems)
        if path == self.launch_file.path:
            self.launch_file.arguments = arguments
            self.launch_file.description = text(plain(items["description"])) if "description" in items else ""
        return arguments

    def scope(self, items: Mapping[str, Item], table: Mapping[str, Any], what: str, scope: Scope) -> None:
        """Reads the nodes, groups and includes of a file or a group in their order."""
        parts = self.values(items, table, what, scope)
        scope = self.inner(scope, parts, items)
        self.time(parts.get("time"), items)
        self.lease(parts.get("lease"), items)
        for key in (key for key in items if key in parts):
            if key == "nodes":
                for name, node in items[key].value.items():
                    self.nodes(name, node, scope)
            elif key in ("groups", "include"):
                for piece in items[key].value:
                    self.group(piece, scope) if key == "groups" else self.include(piece, scope)

    def inner(self, scope: Scope, parts: Mapping[str, Any], items: Mapping[str, Item]) -> Scope:
        """The scope inside a file, a group or an include."""
        if "namespace" in parts and self.is_name(parts["namespace"], items["namespace"].place):
            scope = replace(scope, namespace=scope.absolute(parts["namespace"]))
        remap = {own: scope.absolute(to.value) for own, to in self.topics(items, parts, scope).items()}
        environment = {**scope.environment, **_texts(parts.get("environment", {}))}
        scope = where(parts, items, scope, self.launch_file)
        process = self.process(items, parts, scope)
        return replace(scope, remap={**scope.remap, **remap}, environment=environment, process=process)

    def group(self, item: Item, scope: Scope) -> None:
        items = keys(item, language.GROUP, "a group", self.problems)
        if holds(items, scope, self.problems):
            self.scope(items, language.GROUP, "a group", scope)

    def include(self, item: Item, scope: Scope) -> None:
        items = keys(item, language.INCLUDE, "an include", self.problems)
        if not holds(items, scope, self.problems):
            return
        if "file" not in items:
            self.problem(item.place, "this include names no file: add file: other.yaml")
        parts = self.values(items, language.INCLUDE, "an include", scope)
        path = self.found("file", parts, items, scope)
        if path in scope.files:
            circle = " -> ".join(shown(one) for one in (*scope.files[scope.files.index(path) :], path))
            self.problem(items["file"].place, f"files include each other in a circle, take one include out: {circle}")
        elif path:
            filled = fill(by_name(items["arguments"]), scope.names, self.problems).value if "arguments" in parts else {}
            given = {name: Given(plain(one), one.place, scope.folder) for name, one in filled.items()}
            given |= self.inherited(item, scope)
            inner, first = self.inner(scope, parts, items), len(self.launch_file.entries)
            self.file(path, given, inner)
            for name, node in items["replace"].value.items() if "replace" in parts else ():
                self.replace(name, node, inner, first)

    def inherited(self, include: Item, scope: Scope) -> dict[str, Given]:
        """The values of the arguments that a file inherits from an include of it."""
        names = inheritance.names(include, scope.files[-1])
        if "inherit" in include.value and ("$(" in plain(include.value["file"]) or not names <= scope.names.keys()):
            what = "a file inherits by an include of its own, not of a group, whose file is written out"
            self.problem(include.value["inherit"].place, f"{what}: pass the arguments by name")
        return {name: Given(scope.names[name], include.place) for name in names & scope.names.keys()}

    def replace(self, name: str, item: Item, scope: Scope, first: int) -> None:
        """Reads a node in the place of the included one of that name; `first` is the first entry of its file."""
        entries = self.launch_file.entries
        names = [entry.name for entry in entries[first:]]
        if scope.absolute(name) not in names:
            if isinstance(item.value, dict) and not holds(item.value, scope, self.problems):
                return  # neither is to run
            what = f"there is no node '{name}' in this file to replace; {did_you_mean(scope.absolute(name), names)}"
            self.problem(item.key or item.place, what)
            return
        place, rest = first + names.index(scope.absolute(name)), list(entries)
        entries.clear()
        self.nodes(name, item, scope)
        entries[:] = [*rest[:place], *entries, *rest[place + 1 :]]

    def nodes(self, name: str, item: Item, scope: Scope) -> None:
        """Reads a node, or `count` of them, each of which counts by its own index."""
        items = keys(item, language.NODE, f"node '{name}'", self.problems, hides=not isinstance(item.value, dict))
        if not (isinstance(item.value, dict) and self.is_name(name, item.key or item.place)):
            return
        if "count" in items:
            copies = self.values({"count": items["count"]}, language.NODE, f"node '{name}'", scope).get("count", 0)
            if copies > (most := language.MOST_NODES):
                self.problem(items["count"].place, f"node '{name}': 'count' is {copies}, but at most {most} run")
                return
            for index in range(copies):
                padded = str(index).zfill(len(str(copies - 1)))  # so that the names sort as the numbers do
                self.node(f"{name}-{padded}", item, items, replace(scope, names={**scope.names, "index": index}))
        else:
            self.node(name, item, items, scope)

    def node(self, name: str, item: Item, items: Mapping[str, Item], scope: Scope) -> None:
        if not holds(items, scope, self.problems):
            return
        what, place = f"node '{name}'", item.key or item.place
        if "run" not in items:
            self.problem(place, f"{what} does not say what to run: add run: package.module:Class")
        items = {key: fill(one, scope.names, self.problems) for key, one in items.items()}
        parts = checked(items, language.NODE, what, self.problems)
        restart = self.restart(items["restart"], f"{what}: restart") if "restart" in parts else {}
        space, _, own = scope.absolute(name).rpartition("/")
        here = where(parts, items, replace(scope, namespace=space), self.launch_file)
        entry = Entry(
            here.absolute(own),
            place,
            here,
            run=run_of(parts.get("run", ""), scope.folder),
            run_place=items["run"].place if "run" in items else None,
            types=types_of(items, parts, scope.folder),
            parameters=self.parameters(items, parts, scope),
            environment={**scope.environment, **_texts(parts.get("environment", {}))},
            remap=self.topics(items, parts, here),
            restarts=restart.get("times", 5),
            restart_seconds=restart.get("seconds", 60.0),
            required=parts.get("required", True),
            process=self.process(items, parts, here),
        )
        self.launch_file.entries.append(entry)

    def restart(self, item: Item, what: str) -> dict[str, Any]:
        items = keys(item, language.RESTART, what, self.problems, hides=False)
        return checked(items, language.RESTART, what, self.problems, hides=False)

    def parameters(self, items: Mapping[str, Item], parts: Mapping[str, Any], scope: Scope) -> dict[str, Item]:
        """A node's parameters: its own take precedence over those of the file that it names."""
        path = self.found("parameters_from", parts, items, scope)
        item = yaml_marks.read(path, self.problems) if path else None
        if item and not isinstance(item.value, dict):
            self.problem(item.place, f"a file of parameters must be a mapping, but is {found(plain(item))}")
            item = None
        return {**(item.value if item else {}), **(items["parameters"].value if "parameters" in parts else {})}

    def time(self, time: Time | None, items: Mapping[str, Item]) -> None:
        if time and self.launch_file.time not in (None, time):
            other = self.launch_file.time
            self.problem(items["time"].place, f"time is {time} here, but {other} in another file: state one of the two")
        self.launch_file.time = self.launch_file.time or time

    def lease(self, lease: float | None, items: Mapping[str, Item]) -> None:
        if lease is not None and not 0 < lease < math.inf:
            self.problem(items["lease"].place, f"lease must be a number of seconds above 0, but is {lease:g}")
        self.launch_file.lease = self.launch_file.lease or lease  # the launched file takes precedence


def _texts(environment: Mapping[str, Any]) -> dict[str, str]:
    return {name: text(value) for name, value in environment.items() if value is not UNKNOWN}
