"""What a node of a launch file runs, and the message types of a program. Files are beside the launch file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tutelage.input.problems import UNKNOWN
from tutelage.input.types import text
from tutelage.input.yaml_marks import Item


def run_of(run: Any, folder: Path) -> str | list[str]:
    """What to run: a class, with the full path of its file; or the words of a command."""
    if isinstance(run, list):
        return [] if UNKNOWN in run else [text(word) for word in run]
    return _full(run, folder)


def types_of(items: Mapping[str, Item], parts: Mapping[str, Any], folder: Path) -> dict[str, list[Item]]:
    """The message types that a node states; both lists, if it states one."""
    ways = ("hears", "says") if parts.keys() & {"hears", "says"} else ()
    stated = {way: items[way].value if way in parts else [] for way in ways}
    return {way: [replace(one, value=_full(one.value, folder)) for one in listed] for way, listed in stated.items()}


def _full(name: str, folder: Path) -> str:
    """The name of a class or message type, with the full path of its file if it is in one."""
    path, _, title = name.rpartition(":")
    return f"{(folder / path).resolve()}:{title}" if path.endswith((".py", ".json")) else name
