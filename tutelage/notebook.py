"""Where Python code shows a run's progress: in the cell of a notebook, or on standard output."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable

SHOWN_LINES = 12
"""The newest lines of a run's output that a notebook's cell shows."""


def screen() -> Callable[[str], None]:
    """A function that shows more text."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return Cell().show if hasattr(shell, "kernel") else _print


def _print(text: str) -> None:
    print(text, end="", flush=True)


class Cell:
    """An area of a notebook's cell that shows the newest lines, each time over those before."""

    def __init__(self) -> None:
        from IPython.display import display  # only a notebook has it

        self._lines: deque[str] = deque(maxlen=SHOWN_LINES)
        self._area = display({"text/plain": ""}, raw=True, display_id=True)

    def show(self, text: str) -> None:
        """Adds text to the lines."""
        if text:
            self._lines.extend(text.splitlines())
            self._area.update({"text/plain": "\n".join(self._lines)}, raw=True)
