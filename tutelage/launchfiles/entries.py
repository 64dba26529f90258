"""The keys of a launch file: a few tables define the language. docs/launch.md shows it by example.

Reading a launch file gives a list of entries: the nodes to run, with arguments filled in, each value with its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Literal

from tutelage.input.problems import Location, Problem
from tutelage.input.yaml_marks import Item
from tutelage.launchfiles.arguments import Argument

Time = Literal["lockstep", "realtime"]

_Word = str | int | float | bool
_PLACE = {"host": str | None, "on": dict, "process": str | None}
_SCOPE = {
    "environment": dict[str, _Word],
    "remap": dict[str, str],
    "nodes": dict,
    "groups": list,
    "include": list,
    **_PLACE,
}
CONDITION = {"if": Any, "unless": Any}

FILE = {"description": str, "arguments": dict, "time": Time, "lease": float, **_SCOPE}
GROUP = {"namespace": str, **CONDITION, **_SCOPE}
INCLUDE = {
    "file": str,
    "arguments": dict[str, Any] | list[str | dict[str, Any]],
    "namespace": str,
    "inherit": bool,
    "replace": dict,
    **_PLACE,
    **CONDITION,
}
NODE = {
    "run": str | list[_Word],
    "hears": list[str],
    "says": list[str],
    "parameters": dict,
    "parameters_from": str,
    "environment": dict[str, _Word],
    "remap": dict[str, str],
    "restart": dict,
    "required": bool,
    "count": int,
    **_PLACE,
    **CONDITION,
}
RESTART = {"times": int, "seconds": float}
ON = {"cpu": float, "gpu": float, "resources": dict[str, float], "labels": dict[str, str]}

LATER = {"arguments", "nodes", "groups", "include", "inherit", "replace", *CONDITION}
"""Filled in later, piece by piece, when the names of each piece are known and whether it counts."""

MOST_NODES = 1000
"""The largest `count`: each node is a process."""


@dataclass(frozen=True)
class Scope:
    """What a file or a group gives to its nodes. `files` is the chain of includes up to here."""

    files: tuple[Path, ...] = ()
    names: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    namespace: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    remap: Mapping[str, str] = field(default_factory=dict)
    host: str = ""
    on: Mapping[str, Any] = field(default_factory=dict)
    process: str = ""

    @property
    def folder(self) -> Path:
        return self.files[-1].parent

    def absolute(self, name: str) -> str:
        """The full name of a node or topic. A name with a leading slash is full already."""
        return name[1:] if name.startswith("/") else f"{self.namespace}/{name}".lstrip("/")


@dataclass(frozen=True)
class Entry:
    """A node to run. `run` is empty if it could not be read; `remap` has this node's own remaps only.

    `types` has the message types that it `hears` and `says` if it states them, as a program that is a node does.
    """

    name: str
    place: Location
    scope: Scope
    run: str | list[str] = ""
    run_place: Location | None = None
    types: Mapping[str, list[Item]] = field(default_factory=dict)
    parameters: Mapping[str, Item] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    remap: Mapping[str, Item] = field(default_factory=dict)
    restarts: int = 5
    restart_seconds: float = 60.0
    required: bool = True
    process: str = ""

    def topic(self, own: str) -> str:
        """The topic of this node for the message type whose own topic name is `own`."""
        if own in self.remap:
            return self.scope.absolute(self.remap[own].value)
        return self.scope.remap.get(own) or self.scope.absolute(own)


@dataclass
class LaunchFile:
    """A launch file as read. `wiring.wire` raises its `problems` together with those of the wiring."""

    path: Path
    description: str = ""
    arguments: dict[str, Argument] = field(default_factory=dict)
    time: Time | None = None
    lease: float | None = None
    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=partial(count, 1))  # of the machines that Ray chooses
