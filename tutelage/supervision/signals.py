"""Signals that a select can wait for, beside sockets."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import TracebackType

ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that ask a run to end."""

MEANINGS = {
    "SIGINT": "Ctrl-C",
    "SIGHUP": "its terminal or the program that started it is gone",
    "SIGTERM": "it was asked to end",
    "SIGTSTP": "Ctrl-Z",
}


class Interrupted(BaseException):
    """One of these signals came while no graph was running: before its start, or while its report was written."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


_unanswered: list[int] = []
"""Signals that have raised Interrupted. If the exception was lost, for example in a callback, Signals handles them."""


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Has these signals raise Interrupted while no Signals waits for them."""

    def interrupt(number: int, _: object) -> None:
        _unanswered.append(number)
        raise Interrupted(number)

    before = {number: signal.signal(number, interrupt) for number in ASKING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Signals:
    """While entered, it calls `asked` with the number of each signal that asks for the end; all signals wake a select.

    SIGCHLD does, too, so a process's death is noticed at once. `ctrl_z` is called on Ctrl-Z.
    """

    def __init__(self, asked: Callable[[int], None], ctrl_z: Callable[[int], None] | None = None) -> None:
        self._asked = asked
        self._actions: dict[int, Callable[[int], None]] = dict.fromkeys(ASKING, asked)
        if ctrl_z:
            self._actions[signal.SIGTSTP] = ctrl_z

    def __enter__(self) -> Signals:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, lambda n, _: self._actions[n](n)) for number in self._actions}
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        while _unanswered:
            self._asked(_unanswered.pop())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)

    def fileno(self) -> int:
        """The file that a select waits for."""
        return self._read

    def drain(self) -> None:
        """Must be called after a select woke, before the next."""
        os.read(self._read, 4096)
