"""Shows a run to a person: a view that is kept up to date on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
import sys
import time
from io import TextIOWrapper
from typing import Any

from rich.console import Console as Paint

from tutelage import Message, Node
from tutelage.canvas import Canvas
from tutelage.messages import Demonstration, Episode, Evaluation, Metrics, Safety, Timing, Withdrawal
from tutelage.nodes.screens.screen import line, view
from tutelage.status import Status
from tutelage.tasks.recommendation import recommendation
from tutelage.teaching.progress import Progress

DRAW_SECONDS, LINE_SECONDS, NEVER = 1 / 8, 2.0, float("inf")


class Console(Node):
    """Shows the progress of a run. It has no thread: it draws when it receives a message, and statuses always come."""

    may_hear = (Status, Metrics, Episode, Evaluation, Demonstration, Withdrawal, Safety, Timing)
    order = "arrival"
    observer = interruptible = screen = True

    def __init__(
        self, budget: int = 0, environment: str | dict[str, Any] = "", algorithm: str = "", hint: bool = True
    ) -> None:
        name = environment if isinstance(environment, str) else str(environment["id"])
        self.progress = Progress(budget, name, algorithm)
        self.hint = recommendation(algorithm, environment) if environment and hint else ""
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal without our characters shows others
        self.now, self.paint = time.monotonic, Paint(file=sys.stdout, highlight=False)
        self.draws = sys.stdout.isatty() and not self.paint.is_dumb_terminal
        self.every = DRAW_SECONDS if self.draws else LINE_SECONDS
        self.line_due = 0.0  # when to draw next
        self.canvas = Canvas()

    def start(self) -> tuple[Message, ...]:
        if self.hint:
            print(self.hint, flush=True)
        return ()

    def hear(self, message: Message) -> None:
        now = self.now()
        self.progress.hear(message, now)
        self.line_due = self.line_due or now + self.every
        if now >= self.line_due:
            self._show(now)

    def warn(self, sentences: list[str]) -> None:
        now, more = self.now(), len(sentences) > len(self.progress.warnings)
        self.progress.warnings = sentences
        if more or now >= self.line_due:
            self._show(now)

    def interrupt(self) -> None:
        self.progress.interrupted = True
        self._show(self.now())

    def finish(self) -> tuple[Message, ...]:
        self.progress.finished = True
        self._show(self.now())
        return ()

    def _show(self, now: float) -> None:
        if self.line_due == NEVER or not (self.progress.started or self.progress.warnings):
            return
        self.line_due = now + self.every
        try:
            print(self._drawing(now) if self.draws else line(self.progress) + "\n", end="", flush=True)
        except OSError:  # nobody reads any more (`| head`): buffered text is thrown away, and nothing more is drawn
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.line_due = NEVER

    def _drawing(self, now: float) -> str:
        """The view as one string, which replaces the view before."""
        width, height = self.canvas.size()
        self.paint.size = width, height
        with self.paint.capture() as drawn:
            self.paint.print(view(self.progress, width - 1, height - 1, now))
        return self.canvas.over(drawn.get(), width)
