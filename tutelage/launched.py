"""`tutelage launch` as a process of its own, for Python programs: their threads and signals do not reach the run."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tutelage.files import durable
from tutelage.input.problems import Problem, Refusal
from tutelage.notebook import screen
from tutelage.supervision.outcome import REFUSED

LOOK_SECONDS = 0.2
"""How often the output of a run is shown."""


class Launched:
    """The launcher of a run. Where the program waits at a terminal, the run has it; else its output goes to a file.

    Attributes:
        folder: the run's folder.
    """

    def __init__(self, folder: Path, words: Sequence[str], wait: bool) -> None:
        self.folder, self._at_terminal = folder, wait and sys.stdout.isatty()
        self._printed, self._complained = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        self._shown = 0  # bytes of what it printed
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tutelage", *words],
            stdin=None if self._at_terminal else subprocess.DEVNULL,
            stdout=None if self._at_terminal else self._printed,
            stderr=self._complained,
            start_new_session=not self._at_terminal,  # at a terminal it has to be in front, to be drawn and driven
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
                show(self._news())
        except KeyboardInterrupt:
            self._interrupted()
            raise
        finally:
            show(self._news())
            self._close()
        self._judge()

    def stop(self) -> None:
        """Ends the run in good order, and waits until it is over."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
        self._close()

    def _begin(self) -> None:
        """Waits until the run's folder holds a run, which can be stopped and resumed."""
        while self._goes_on() and not (self.folder / "run.json").exists():
            pass

    def _goes_on(self) -> bool:
        try:
            self._process.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            return True
        return False

    def _interrupted(self) -> None:
        """The first Ctrl-C ends the run in good order, the second at once. At a terminal the run hears both itself."""
        for _ in range(2):
            try:
                if not self._at_terminal:
                    self._process.send_signal(signal.SIGINT)
                self._process.wait()
                return
            except KeyboardInterrupt:
                continue

    def _news(self) -> str:
        """What was printed since the last call, in whole lines. The launcher's own place in the file is left alone."""
        if self._printed.closed:
            return ""
        news = os.pread(self._printed.fileno(), 2**24, self._shown)
        news = news[: news.rfind(b"\n") + 1]
        self._shown += len(news)
        return news.decode(errors="replace")

    def _close(self) -> None:
        if not self._printed.closed:
            self._complained.seek(0)
            self._complaints = self._complained.read().decode(errors="replace").strip()
            self._printed.close()
            self._complained.close()
            atexit.unregister(self.stop)

    def _judge(self) -> None:
        """Raises what went wrong. A run that was asked to end early has not failed."""
        code = self._process.returncode
        if code == REFUSED:
            if self.folder.is_dir() and not any(self.folder.iterdir()):
                self.folder.rmdir()
            raise Refusal(Problem(where, what) for where, _, what in map(_parts, self._complaints.splitlines()))
        if self._complaints:
            print(self._complaints, file=sys.stderr)
        if code == 1 or code < 0:
            raise Refusal([Problem(self.folder, self._failure())])

    def _failure(self) -> str:
        report = self.folder / "report.json"
        failure = durable.read_json(report).get("failure") if report.exists() else None
        return failure or f"the run has failed with exit code {self._process.returncode}; its logs say more"


def _parts(sentence: str) -> tuple[str, str, str]:
    return sentence.partition(": ")
