"""Reads a launch file: text becomes the list of nodes to run, includes read, conditions decided, arguments filled in.

The four tables are the language: which keys there are, and what their values must be. docs/launch.md shows it by
example. Who hears whom is none of this file's business: see wiring.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from tutelage import arguments as args
from tutelage import yaml_marks
from tutelage.arguments import Argument, Given
from tutelage.checking import UNKNOWN, checked, keys, text
from tutelage.finding import find
from tutelage.problems import LaunchError, Place, Problem, did_you_mean
from tutelage.substitution import fill
from tutelage.yaml_marks import Item, plain, shown

_Texts = dict[str, str | int | float | bool]
_SCOPE = {"environment": _Texts, "remap": dict[str, str], "nodes": dict, "groups": list, "include": list}
_CONDITION = {"if": Any, "unless": Any}

FILE = {"description": str, "arguments": dict, "time": Literal["lockstep", "realtime"], **_SCOPE}
GROUP = {"namespace": str, **_CONDITION, **_SCOPE}
INCLUDE = {"file": str, "arguments": dict, "namespace": str, **_CONDITION}
NODE = {"run": str | list[str | int | float | bool], "parameters": dict, "parameters_from": str,
        "environment": _Texts, "remap": dict[str, str], "restart": dict, "required": bool, "count": int,
        **_CONDITION}  # fmt: skip
RESTART = {"times": int, "seconds": float}

_LATER = {"arguments", "nodes", "groups", "include"}
"""Filled in piece by piece, when it is known what each piece's names are and whether it counts at all."""

_NAME = re.compile(r"/?[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")


@dataclass(frozen=True)
class Scope:
    """What a file or a group hands on to the nodes in it. `files` are the files that include each other up to here."""

    files: tuple[Path, ...]
    names: Mapping[str, Any] = field(default_factory=dict)
    namespace: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    remap: Mapping[str, str] = field(default_factory=dict)

    def absolute(self, name: str) -> str:
        """A name of a node or topic as all of the graph knows it; a leading slash says that it is so already."""
        return name[1:] if name.startswith("/") or not self.namespace else f"{self.namespace}/{name}"


@dataclass(frozen=True)
class Entry:
    """A node to run. `run` is empty where it cannot be known; `own_remap` holds the topics as written at this node."""

    name: str
    place: Place
    scope: Scope
    run: str | list[str] = ""
    run_place: Place | None = None
    parameters: Mapping[str, Item] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    own_remap: Mapping[str, Item] = field(default_factory=dict)
    restarts: int = 5
    restart_seconds: float = 60.0
    required: bool = True

    def topic(self, own: str) -> str:
        """The topic on which this node says and hears what its message type calls `own`."""
        if own in self.own_remap and self.own_remap[own].value is not UNKNOWN:
            return self.scope.absolute(self.own_remap[own].value)
        return self.scope.remap.get(own) or self.scope.absolute(own)


@dataclass
class LaunchFile:
    """A launch file as read: `problems` is what is wrong with it; `wiring.wire` raises them with its own."""

    path: Path
    description: str = ""
    arguments: dict[str, Argument] = field(default_factory=dict)
    time: Literal["lockstep", "realtime"] | None = None
    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read(path: Path, arguments: Mapping[str, str] | None = None) -> LaunchFile:
    """Reads a launch file and all that it includes. Does not raise: it gathers `problems`.

    Args:
        path: as `finding.find` gives it.
        arguments: what the command line sets, by name, as text.
    """
    launch_file = LaunchFile(path)
    given = {name: Given(value, f"{name}:={value}", is_text=True) for name, value in (arguments or {}).items()}
    _Reader(launch_file).file(path, given, Scope(()))
    return launch_file


def arguments(path: Path) -> LaunchFile:
    """The description and arguments of a launch file, as `launch FILE --args` shows them.

    Raises:
        LaunchError: it cannot be read that far.
    """
    launch_file = LaunchFile(path)
    item = yaml_marks.read(path, launch_file.problems)
    if item is None:
        raise LaunchError(launch_file.problems)
    _Reader(launch_file).head(keys(item, FILE, "a launch file", []), path, {})
    return launch_file


class _Reader:
    def __init__(self, launch_file: LaunchFile) -> None:
        self.launch_file, self.problems = launch_file, launch_file.problems

    def file(self, path: Path, given: Mapping[str, Given], scope: Scope) -> None:
        """A whole file, the launched one or an included one."""
        item = yaml_marks.read(path, self.problems)
        if item is None:
            return
        items = keys(item, FILE, "a launch file", self.problems)
        declared = self.head(items, path, given)
        names = {name: argument.value for name, argument in declared.items()} | {"dirname": str(path.parent)}
        self.scope(items, FILE, "the launch file", replace(scope, files=(*scope.files, path), names=names))

    def head(self, items: Mapping[str, Item], path: Path, given: Mapping[str, Given]) -> dict[str, Argument]:
        """A file's own arguments; those of the launched file, and its description, are kept."""
        empty = Item({}, Place(shown(path), 1, 1))
        declared = args.declare(items.get("arguments", empty), path, given, self.problems)
        args.refuse_unknown(declared, given, shown(path), self.problems)
        if path == self.launch_file.path:
            self.launch_file.arguments = declared
            self.launch_file.description = text(items.get("description", replace(empty, value="")).value)
        return declared

    def scope(self, items: Mapping[str, Item], table: Mapping[str, Any], what: str, scope: Scope) -> None:
        """The nodes, groups and includes of a file or a group."""
        parts = self.values(items, table, what, scope)
        scope = self.inner(scope, parts, items)
        self.time(parts.get("time"), items)
        for key in items:
            if key == "nodes" and "nodes" in parts:
                for name, node in items["nodes"].value.items():
                    self.nodes(name, node, scope)
            elif key in ("groups", "include") and key in parts:
                for piece in items[key].value:
                    self.group(piece, scope) if key == "groups" else self.include(piece, scope)

    def inner(self, scope: Scope, parts: Mapping[str, Any], items: Mapping[str, Item]) -> Scope:
        """A scope with what a file, a group or an include adds to it."""
        namespace = parts.get("namespace")
        if isinstance(namespace, str) and self.is_name(namespace, items["namespace"].place):
            scope = replace(scope, namespace=scope.absolute(namespace))
        remap = {own: scope.absolute(to) for own, to in parts.get("remap", {}).items() if to is not UNKNOWN}
        return replace(scope, remap={**scope.remap, **remap},
                       environment={**scope.environment, **_texts(parts.get("environment", {}))})  # fmt: skip

    def group(self, item: Item, scope: Scope) -> None:
        items = keys(item, GROUP, "a group", self.problems)
        if self.holds(items, scope):
            self.scope(items, GROUP, "a group", scope)

    def include(self, item: Item, scope: Scope) -> None:
        items = keys(item, INCLUDE, "an include", self.problems)
        if not self.holds(items, scope):
            return
        parts = self.values(items, INCLUDE, "an include", scope)
        path = self.found("file", parts, items, scope)
        if "file" not in items:
            self.problems.append(Problem(item.place, "this include names no file: add file: other.yaml", hides=True))
        elif path in scope.files:
            circle = " -> ".join(shown(one) for one in (*scope.files[scope.files.index(path) :], path))
            self.problems.append(Problem(items["file"].place, f"files include each other in a circle: {circle}", hides=True))
        elif path:
            filled = fill(items["arguments"], scope.names, self.problems).value if "arguments" in parts else {}
            given = {name: Given(plain(one), one.place, scope.files[-1].parent) for name, one in filled.items()}
            self.file(path, given, self.inner(scope, parts, items))

    def nodes(self, name: str, item: Item, scope: Scope) -> None:
        """A node, or `count` of them."""
        items = keys(item, NODE, f"node '{name}'", self.problems, hides=not isinstance(item.value, dict))
        if not self.is_name(name, item.key or item.place) or not self.holds(items, scope):
            return
        if "count" not in items:
            return self.node(name, item, items, scope)
        count = self.values({"count": items["count"]}, NODE, f"node '{name}'", scope).get("count", UNKNOWN)
        for index in range(count if isinstance(count, int) else 0):
            self.node(f"{name}-{index}", item, items, replace(scope, names={**scope.names, "index": index}))

    def node(self, name: str, item: Item, items: Mapping[str, Item], scope: Scope) -> None:
        what = f"node '{name}'"
        items = {key: fill(one, scope.names, self.problems) for key, one in items.items() if key not in _CONDITION}
        parts = checked(items, NODE, what, self.problems)
        space, _, own = scope.absolute(name).rpartition("/")
        here = replace(scope, namespace=space)
        restart = checked(keys(items["restart"], RESTART, "restart", self.problems, False), RESTART, what, self.problems,
                          False) if "restart" in parts else {}  # fmt: skip
        if "run" not in items:
            self.problems.append(Problem(item.key, f"{what} has no run: add run: package.module:Class", hides=True))
        self.launch_file.entries.append(Entry(
            name=here.absolute(own), place=item.key or item.place, scope=here,
            run=self.run(parts.get("run", ""), scope), run_place=items["run"].place if "run" in items else None,
            parameters=self.parameters(items, parts, scope),
            environment={**scope.environment, **_texts(parts.get("environment", {}))},
            own_remap=items["remap"].value if "remap" in parts else {},
            restarts=restart.get("times", 5), restart_seconds=restart.get("seconds", 60.0),
            required=parts.get("required", True)))  # fmt: skip
