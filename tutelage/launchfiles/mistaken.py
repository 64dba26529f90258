"""A launch file where a robot's file is needed, or the reverse: one sentence in place of one for each of its keys."""

from __future__ import annotations

from pathlib import Path

from tutelage.input.problems import Problem
from tutelage.input.yaml_marks import Item, shown
from tutelage.invocation import program

LAUNCHED = {"arguments", "groups", "include", "nodes"}
"""Keys of launch files that no robot's file has; one of a robot's has a `driver`."""


def for_launch_file(item: Item, path: Path) -> Problem | None:
    """The problem of a robot's file that is launched; None of any other file."""
    if not _is_robots(item) or _is_launched(item):
        return None
    command = f"{program()} launch hardware.yaml robot:={shown(path)} policy:=RUN"
    return Problem(
        shown(path), f"this is a robot's file, not a launch file: drive the robot by `{command}`", hides=True
    )


def for_robots_file(item: Item, path: Path) -> Problem | None:
    """The problem of a launch file that is named as a robot's; None of any other file."""
    if _is_robots(item) or not _is_launched(item):
        return None
    what = "this is a launch file, not a robot's file: name one like those in launch/robots, and launch this by"
    return Problem(shown(path), f"{what} `{program()} launch {shown(path)}`")


def _is_robots(item: Item) -> bool:
    return isinstance(item.value, dict) and "driver" in item.value


def _is_launched(item: Item) -> bool:
    return isinstance(item.value, dict) and not LAUNCHED.isdisjoint(item.value)
