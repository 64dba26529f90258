"""Writes files in a process of its own, so that a disk that does not answer never blocks the launcher."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable

from tutelage.input.problems import complain
from tutelage.supervision.child import Child
from tutelage.supervision.signals import ASKING

LOOK_SECONDS = 0.002


class BackgroundWriter:
    """Writes one file at a time; of the requests meanwhile, only the last. `failed`: the last file was not written."""

    def __init__(self) -> None:
        self.failed = False
        self._pid = 0
        self._next: tuple[str, Callable[[], None], Iterable[Child]] | None = None

    def write(self, what: str, body: Callable[[], None], others: Iterable[Child] = ()) -> None:
        """Has `body` write `what` in a new process, which must not hold the lifelines of `others`."""
        self._next = (what, body, others)
        self.look()

    def look(self) -> bool:
        """Starts the next request if the last is finished; returns whether everything is written."""
        if self._pid:
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            self._pid, self.failed = (0, bool(status)) if ended else (self._pid, self.failed)
        if self._next and not self._pid:
            (what, body, others), self._next = self._next, None
            try:
                self._pid = _start(what, body, others)
            except OSError as error:
                complain(f"{what} cannot be written, because no process can be started: {error}")
                self.failed = True
        return not self._pid

    def wait(self, seconds: Callable[[], float]) -> bool:
        """Waits until everything is written, up to `seconds()`, which may change; returns whether it is."""
        began = time.monotonic()
        while not (written := self.look()) and time.monotonic() - began < seconds():
            time.sleep(LOOK_SECONDS)
        return written


def _start(what: str, body: Callable[[], None], others: Iterable[Child]) -> int:
    """Forks a process that runs `body` and ends; returns its number. It shares the launcher's standard error."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (*ASKING, signal.SIGTSTP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        for other in others:
            other.lifeline.close()
        body()
    except Exception as error:
        complain(f"{what} cannot be written: {error}")
        os._exit(1)
    finally:
        os._exit(0)
