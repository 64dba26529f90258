"""Where launch files, and the files they name, are looked for."""

from __future__ import annotations

from pathlib import Path

from tutelage.problems import LaunchError, Problem, did_you_mean

LAUNCH_FOLDER = Path(__file__).resolve().parents[2] / "launch"
"""Our own launch files: beside this package, in a clone and in a wheel alike."""


def find(name: str, beside: Path | None = None) -> Path:
    """A file by the name that a person or a launch file gives.

    It is looked for beside the file that names it, in the current folder, then in our own launch folder.

    Raises:
        LaunchError: none of them has it; it says where it was looked for and what is similar.
    """
    folders = list(dict.fromkeys(([beside] if beside else []) + [Path.cwd(), LAUNCH_FOLDER]))
    for folder in folders:
        if (folder / name).is_file():
            return (folder / name).resolve()
    raise LaunchError([Problem(name, _not_found(name, folders), hides=True)])


def place(name: str, beside: Path | None = None) -> Path | str:
    """A file or folder, looked for as in `find`; where there is none, the name: it may be an id of some library."""
    folders = [folder for folder in (beside, Path.cwd()) if folder]
    return next((path.resolve() for path in (folder / name for folder in folders) if path.exists()), name)


def _not_found(name: str, folders: list[Path]) -> str:
    if Path(name).is_absolute():
        return "there is no such file"
    places = [(folder / name).parent for folder in folders]
    names = {file.name for place in places for file in place.glob(f"*{Path(name).suffix}")}
    return f"there is no such file in {' or '.join(map(str, places))}; {did_you_mean(Path(name).name, names)}"
