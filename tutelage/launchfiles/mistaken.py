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
    keys = set(item.value) if isinstance(item.value, dict) else set()
    if "driver" not in keys or keys & LAUNCHED:
        return None
    command = f"{program()} launch hardware.yaml robot:={shown(path)} policy:=RUN"
    return Problem(
        shown(path), f"this is a robot's file, not a launch file: drive the robot by `{command}`", hides=True
    )


def for_robots_file(item: Item, path: Path) -> Problem | None:
    """The problem of a launch file that is named as a robot's; None of any other file."""
    keys = set(item.value) if isinstance(item.value, dict) else set()
    if "driver" in keys or not keys & LAUNCHED:
        return None
    what = "this is a launch file, not a robot's file: name one like those in launch/robots, and launch this by"
    return Problem(shown(path), f"{what} `{program()} launch {shown(path)}`")
