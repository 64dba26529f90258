"""A view on a terminal, each drawing over the one before."""

from __future__ import annotations

import os
import sys


class Canvas:
    """After each drawing the terminal is as it was, its cursor below the view: who draws may be killed any time."""

    def __init__(self) -> None:
        self.width = self.height = 0  # of the terminal when the view was drawn last, and of the view

    def clear(self) -> None:
        """Somebody else has drawn here: the next view clears the screen first."""
        self.width = -1

    @staticmethod
    def size() -> tuple[int, int]:
        """Columns and lines of the terminal."""
        width, height = (size or 80 for size in os.get_terminal_size(sys.stdout.fileno()))
        return width, height

    def over(self, text: str, width: int) -> str:
        """What to print so that `text` (whole lines, of a terminal of this width) stands where the last view stood."""
        start = f"\x1b[{self.height}A" if self.height else ""
        if self.width not in (0, width):
            start = "\x1b[H\x1b[2J"  # the terminal has folded the lines of the one before
        self.width, self.height = width, text.count("\n")
        covered = text.replace("\n", "\x1b[K\n")
        return f"\x1b[?25l\r{start}{covered}\x1b[J\x1b[?25h"
