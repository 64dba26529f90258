"""Restores the launcher's terminal: a node may change how it reads keys, and be killed."""

from __future__ import annotations

import contextlib
import os
import sys
import termios
from collections.abc import Iterator


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Restores the terminal of standard input at the end, unless we run in the background."""
    file = sys.__stdin__.fileno() if sys.__stdin__ else -1
    if not (file >= 0 and os.isatty(file)):
        yield
        return
    before = termios.tcgetattr(file)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal was closed amid the run
            if _in_front(file) and termios.tcgetattr(file) != before:
                termios.tcsetattr(file, termios.TCSANOW, before)


def _in_front(file: int) -> bool:
    try:
        return os.tcgetpgrp(file) == os.getpgrp()
    except OSError:  # it is not the terminal that we were started from
        return True
