"""Where launch files, and the files they name, are looked for."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tutelage.input.problems import LaunchError, Problem, did_you_mean

_PATH = re.compile(r"[/~]|.*\.")
"""How a name begins that is a path, and no id."""

LAUNCH_FOLDER = (Path(__file__).parents[1] / "launch").resolve()
"""Our own launch files: beside this package, in a clone and in a wheel alike."""


def find(name: str, beside: Path | None = None) -> Path:
    """A file by the name that a person or a launch file gives.

    It is looked for beside the file that names it, in the current folder, then in our own launch folder.

    Raises:
        LaunchError: none of them has it; it says where it was looked for and what is similar.
    """
    folders = list(dict.fromkeys(([beside] if beside else []) + [Path.cwd(), LAUNCH_FOLDER]))
    for folder in folders:
        if os.path.isfile(folder / name):  # unlike pathlib's, these know no file of a name that is too long
            return (folder / name).resolve()
    raise LaunchError([Problem(name, _not_found(name, folders), hides=True)])


def place(name: str, beside: Path | None = None) -> Path | str:
    """A file or folder, looked for as in `find`; where there is none, the name: it may be an id of some library.

    Raises:
        LaunchError: there is none, and the name is no id: it begins as a path does, or has a dot.
    """
    folders = [folder for folder in (beside, Path.cwd()) if folder]
    for path in (folder / os.path.expanduser(name) for folder in folders):
        if os.path.exists(path):
            return path.resolve()
    if _PATH.match(name):
        raise LaunchError([Problem(name, _not_found(name, folders), hides=True)])
    return name


def find_folder(name: str, beside: Path | None = None) -> Path:
    """A folder, looked for as in `find`.

    Raises:
        LaunchError: there is none.
    """
    found = place(name, beside)
    if not os.path.isdir(found):
        raise LaunchError([Problem(name, "there is no such folder", hides=True)])
    return Path(found)


def find_path(name: str, beside: Path | None = None) -> Path:
    """A file or a folder, looked for as in `find`.

    Raises:
        LaunchError: there is none.
    """
    found = place(name, beside)
    if not Path(found).exists():
        raise LaunchError([Problem(name, "there is no such file or folder", hides=True)])
    return Path(found)


def _not_found(name: str, folders: list[Path]) -> str:
    if name.startswith(("/", "~")):
        return "there is no such file"
    places = [(folder / name).parent for folder in folders]
    suffix = Path(name).suffix.replace(".yml", ".yaml")
    names = {file.name for place in places for file in place.glob(f"*{suffix}")}
    return f"there is no such file in {' or '.join(map(str, places))}; {did_you_mean(Path(name).name, names)}"
