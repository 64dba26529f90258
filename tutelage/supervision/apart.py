"""Writing in a process of its own: a disk that does not answer holds that one, and the launcher stays free."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable

from tutelage.input.problems import complain
from tutelage.supervision.child import Child
from tutelage.supervision.signals import ASKING

LOOK_SECONDS = 0.002


class Writer:
    """Writes one thing at a time; of what it is asked meanwhile, the last. `failed`: the last could not be written."""

    def __init__(self) -> None:
        self.failed = False
        self._pid = 0
        self._next: tuple[str, Callable[[], None], Iterable[Child]] | None = None

    def write(self, what: str, body: Callable[[], None], others: Iterable[Child] = ()) -> None:
        """Has `body` write what is called so. `others` have the lifelines that its process must not hold."""
        self._next = (what, body, others)
        self.look()

    def look(self) -> bool:
        """Goes on with what is to be written; whether all of it is."""
        if self._pid:
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            self._pid, self.failed = (0, bool(status)) if ended else (self._pid, self.failed)
        if self._next and not self._pid:
            (what, body, others), self._next = self._next, None
            try:
                self._pid = _start(what, body, others)
            except OSError as error:
                complain(f"{what} cannot be written, for want of a process: {error}")
                self.failed = True
        return not self._pid

    def wait(self, seconds: Callable[[], float]) -> bool:
        """Waits until all is written, for as long as `seconds` says, which may change; whether it is."""
        began = time.monotonic()
        while not (written := self.look()) and time.monotonic() - began < seconds():
            time.sleep(LOOK_SECONDS)
        return written


def _start(what: str, body: Callable[[], None], others: Iterable[Child]) -> int:
    """The number of a child process that does it and ends; what it complains of is seen where the launcher's is."""
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
