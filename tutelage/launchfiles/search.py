"""Finds launch files, and the files that they name."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tutelage.input.problems import LaunchError, Problem, did_you_mean

_PATH = re.compile(r"[/~]|(?!hub:).*\.")
"""Matches the beginning of a name that is a path, not an id. A revision at the hub may have a dot."""

LAUNCH_FOLDER = (Path(__file__).parents[1] / "launch").resolve()
"""Our own launch files: beside this package, in a clone and in a wheel alike."""


def find(name: str, beside: Path | None = None) -> Path:
    """The file of a name: beside the file that names it, in the current folder, or in our own launch folders.

    `package:file.yaml` is a file of an installed package.

    Raises:
        LaunchError: none of them has it; it names these folders and what is similar.
    """
    package, _, file = name.partition(":")
    if file and (folders := _folders(package)):
        return _first(file, folders)
    folders = list(dict.fromkeys(([beside] if beside else []) + [Path.cwd(), LAUNCH_FOLDER, LAUNCH_FOLDER / "robots"]))
    return _first(name, folders)


def _folders(package: str) -> list[Path]:
    """The folders of an installed package; none if there is no such package."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return []
    return [Path(folder) for folder in (spec and spec.submodule_search_locations) or ()]


def _first(name: str, folders: list[Path]) -> Path:
    """The first file of this name in these folders."""
    for folder in folders:
        if os.path.isfile(folder / name):  # unlike pathlib, os.path accepts a name that is too long
            return (folder / name).resolve()
    raise LaunchError([Problem(name, _not_found(name, folders), hides=True)])


def place(name: str, beside: Path | None = None) -> Path | str:
    """The file or folder of a name; if there is none, the name itself, which may be the id of a data set.

    Raises:
        LaunchError: there is none, and the name is no id: it begins like a path, or has a dot.
    """
    folders = [folder for folder in (beside, Path.cwd()) if folder]
    for path in (folder / os.path.expanduser(name) for folder in folders):
        if os.path.exists(path):
            return path.resolve()
    if _PATH.match(name):
        raise LaunchError([Problem(name, _not_found(name, folders), hides=True)])
    return name


def find_path(
    name: str,
    beside: Path | None = None,
    is_there: Callable[[Path], bool] = os.path.exists,
    what: str = "file or folder",
) -> Path:
    """The file or folder of a name, found as in `place`.

    Raises:
        LaunchError: there is none.
    """
    found = Path(place(name, beside))
    if not is_there(found):
        raise LaunchError([Problem(name, f"there is no such {what}", hides=True)])
    return found


find_folder = partial(find_path, is_there=os.path.isdir, what="folder")


def _not_found(name: str, folders: list[Path]) -> str:
    if name.startswith(("/", "~")):
        return "there is no such file"
    places = [(folder / name).parent for folder in folders]
    suffix = Path(name).suffix.replace(".yml", ".yaml")
    names = {file.name for place in places for file in place.glob(f"*{suffix}")}
    hint = f"; {did_you_mean(Path(name).name, names)}" if names else ""
    return f"there is no such file in {' or '.join(map(str, places))}{hint}"
