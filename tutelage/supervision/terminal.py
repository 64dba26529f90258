"""A node may change how the launcher's terminal takes keys. However that node ends, the terminal is as it was."""

from __future__ import annotations

import contextlib
import os
import sys
import termios
from collections.abc import Iterator


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Restores the terminal that is standard input in the end, if it is ours to change: not from the background."""
    file = sys.__stdin__.fileno() if sys.__stdin__ else -1
    if not (file >= 0 and os.isatty(file)):
        yield
        return
    before = termios.tcgetattr(file)
    try:
        yield
    finally:
        if _in_front(file) and termios.tcgetattr(file) != before:
            termios.tcsetattr(file, termios.TCSANOW, before)


def _in_front(file: int) -> bool:
    try:
        return os.tcgetpgrp(file) == os.getpgrp()
    except OSError:  # it is a terminal, but not the one that we were started from
        return True
