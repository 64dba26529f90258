"""How the user called the command line, so that printed commands can be typed as they are."""

from __future__ import annotations

import sys
from pathlib import Path


def program() -> str:
    """What the user typed: `tutelage`, `python cli.py` or `python -m tutelage`."""
    script = Path(sys.argv[0])
    if script.name == "__main__.py" or (script.name == "cli.py" and script.with_name("__main__.py").exists()):
        return "python -m tutelage"  # in a wheel, cli.py is a module of the package
    return "python cli.py" if script.name == "cli.py" else "tutelage"


def from_here(path: Path) -> Path:
    """A path as the user would type it: from the current folder, if it is in that."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def installing(extra: str) -> str:
    """The command that installs an extra. It names no package of ours: there is none in the package index."""
    return f"pip install -c constraints.txt -e '.[{extra}]' (in the clone)"
