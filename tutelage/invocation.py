"""How the user called the command line, so that printed commands can be typed as they are."""

from __future__ import annotations

import sys
from pathlib import Path

_BY_SCRIPT = {"cli.py": "python cli.py", "__main__.py": "python -m tutelage"}


def program() -> str:
    """What the user typed: `tutelage`, `python cli.py` or `python -m tutelage`."""
    return _BY_SCRIPT.get(Path(sys.argv[0]).name, "tutelage")


def installing(extra: str) -> str:
    """The command that installs an extra. It names no package of ours: there is none in the package index."""
    return f"pip install -e '.[{extra}]' (in the clone)"
