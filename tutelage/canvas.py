"""A view on a terminal. Each drawing replaces the one before."""

from __future__ import annotations

import os
import sys


class Canvas:
    """Draws a view. After each drawing the cursor is below it and visible, since the process may be killed any time."""

    def __init__(self) -> None:
        self.width = self.height = 0  # of the terminal at the last drawing; of the view

    def clear(self) -> None:
        """Has the next drawing clear the screen first, because another program has drawn on it."""
        self.width = -1

    @staticmethod
    def size() -> tuple[int, int]:
        """Columns and lines of the terminal."""
        width, height = (size or 80 for size in os.get_terminal_size(sys.stdout.fileno()))
        return width, height

    def over(self, text: str, width: int) -> str:
        """What to print so that `text` (whole lines for a terminal of this width) replaces the last view."""
        start = f"\x1b[{self.height}A" if self.height else ""
        if self.width not in (0, width):
            start = "\x1b[H\x1b[2J"  # the terminal has wrapped the old lines
        self.width, self.height = width, text.count("\n")
        covered = text.replace("\n", "\x1b[K\n")
        return f"\x1b[?25l\r{start}{covered}\x1b[J\x1b[?25h"
