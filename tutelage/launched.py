"""`tutelage launch` as a process of its own, for Python programs: their threads and signals do not reach the run."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tutelage.files import durable
from tutelage.input.problems import Problem, Refusal
from tutelage.notebook import screen
from tutelage.supervision import registry
from tutelage.supervision.interrupts import OWNER
from tutelage.supervision.outcome import REFUSED

LOOK_SECONDS = 0.2
"""How often the output of a run is shown."""


AGAIN_SECONDS = 3.0
"""When to interrupt a run again that has not begun: a program that still loads its modules may lose a signal."""


class Launched:
    """The launcher of a run. It ends the run when this program has ended, in whatever way.

    Where the program waits at a terminal, the run has it; else its output goes to a file. Its errors always do, because
    they say why a run is refused.

    Attributes:
        folder: the run's folder.
    """

    def __init__(self, folder: Path, words: Sequence[str], wait: bool) -> None:
        self.folder, self._at_terminal, self._begun = folder, wait and sys.stdout.isatty(), False
        self._printed, self._complained = Text(), Text()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tutelage", *words],
            stdin=None if self._at_terminal else subprocess.DEVNULL,
            stdout=None if self._at_terminal else self._printed.file,
            stderr=self._complained.file,
            start_new_session=not self._at_terminal,  # at a terminal it has to be in front, to be drawn and driven
            env=os.environ | {OWNER: str(os.getpid())},
        )
        atexit.register(self.stop)
        self.wait() if wait else self._begin()

    def wait(self) -> None:
        """Shows the output until the run is over.

        Raises:
            Refusal: the run cannot begin, or it failed.
            KeyboardInterrupt: once the run has ended in good order.
        """
        show = screen()
        try:
            while self._goes_on():
                self._show(show)
            self._show(show)
        except KeyboardInterrupt:
            self._interrupted()
            self._show(show)
            raise
        finally:
            self._close()
        self._judge()

    def stop(self) -> None:
        """Ends the run in good order, and waits until it is over."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()
        self._close()

    def _begin(self) -> None:
        """Waits until the run has begun and can be stopped in good order. If it ends first, raises as `wait` does."""
        try:
            while self._goes_on():
                if self._has_begun():
                    return
        except KeyboardInterrupt:
            self._interrupted()
            self._close()
            raise
        self.wait()

    def _goes_on(self) -> bool:
        try:
            self._process.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            return True
        return False

    def _has_begun(self) -> bool:
        self._begun = self._begun or registry.has_begun(self.folder, self._process.pid)
        return self._begun

    def _interrupted(self) -> None:
        """The first Ctrl-C ends the run in good order, the next at once. At a terminal the run hears them itself."""
        while True:
            with contextlib.suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
                if not self._at_terminal:
                    self._process.send_signal(signal.SIGINT)
                self._process.wait(None if self._has_begun() else AGAIN_SECONDS)
                return

    def _show(self, show: Callable[[str], None]) -> None:
        """Shows the new output, and the new errors once they cannot be reasons why the run is refused."""
        show(self._printed.news())
        if self._has_begun():
            print(self._complained.news(), end="", file=sys.stderr, flush=True)

    def _close(self) -> None:
        """Ends what watched the run. A folder in which nothing has begun is removed."""
        self._printed.close()
        self._complained.close()
        atexit.unregister(self.stop)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _judge(self) -> None:
        """Raises what went wrong. A run that was asked to end early has not failed."""
        code = self._process.returncode
        if code == REFUSED:
            sentences = [line.partition(": ") for line in self._complained.whole.decode(errors="replace").splitlines()]
            raise Refusal(Problem(where, what) for where, _, what in sentences)
        print(self._complained.news(), end="", file=sys.stderr)
        if code == 1 or code < 0:
            raise Refusal([Problem(self.folder, self._failure())])

    def _failure(self) -> str:
        report = self.folder / "report.json"
        failure = durable.read_json(report).get("failure") if report.exists() else None
        return failure or f"the run has failed with exit code {self._process.returncode}; its logs say more"


class Text:
    """What a process writes into a `file`, as it comes.

    Attributes:
        whole: all that has been read.
    """

    def __init__(self) -> None:
        self.file, self.whole, self._told = tempfile.TemporaryFile(), b"", 0  # noqa: SIM115

    def news(self) -> str:
        """The lines that are new since the last call. The process's own place in the file is left alone."""
        self._read()
        news = self.whole[self._told : self.whole.rfind(b"\n") + 1]
        self._told += len(news)
        return news.decode(errors="replace")

    def close(self) -> None:
        """Reads what is left."""
        self._read()
        self.file.close()

    def _read(self) -> None:
        if not self.file.closed:
            self.whole += os.pread(self.file.fileno(), 2**24, len(self.whole))
