"""What a person sees of a run: a view that is kept up to date on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
import sys
import time
from io import TextIOWrapper
from typing import Any

from rich.console import Console as Paint

from messages import Demonstration, Episode, Evaluation, Metrics, Safety, Timing
from nodes.progress import Progress
from nodes.screen import line, view
from tutelage import Message, Node
from tutelage.status import Status

DRAW_SECONDS, LINE_SECONDS, NEVER = 1 / 8, 2.0, float("inf")


class Console(Node):
    """Shows how the run is doing. It draws when it hears something, for some status always comes: it needs no thread.

    After each drawing the terminal is as it was, its cursor below the view: the console may be killed at any moment.
    """

    may_hear = (Status, Metrics, Episode, Evaluation, Demonstration, Safety, Timing)
    order = "arrival"
    observer = screen = True

    def __init__(self, budget: int = 0, environment: str | dict[str, Any] = "", algorithm: str = "") -> None:
        name = environment if isinstance(environment, str) else str(environment["id"])
        self.progress = Progress(budget, name, algorithm)
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal without our characters shows others
        self.clock, self.paint = time.monotonic, Paint(file=sys.stdout, highlight=False)
        self.draws = sys.stdout.isatty() and not self.paint.is_dumb_terminal
        self.every = DRAW_SECONDS if self.draws else LINE_SECONDS
        self.line_due = 0.0  # when to draw next
        self.width = self.height = 0  # of the terminal when the view was drawn last, and of the view

    def hear(self, message: Message) -> None:
        now = self.clock()
        self.progress.hear(message, now)
        self.line_due = self.line_due or now + self.every
        if now >= self.line_due:
            self._show(now)

    def interrupt(self) -> None:
        self.progress.interrupted = True
        self._show(self.clock())

    def finish(self) -> tuple[Message, ...]:
        self.progress.finished = True
        self._show(self.clock())
        return ()

    def _show(self, now: float) -> None:
        if self.line_due == NEVER:
            return
        self.line_due = now + self.every
        try:
            print(self._drawing(now) if self.draws else line(self.progress, now) + "\n", end="", flush=True)
        except OSError:  # nobody reads any more (`| head`): what is still buffered goes nowhere, and nothing follows
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.line_due = NEVER

    def _drawing(self, now: float) -> str:
        """The view in one piece, over the one before."""
        width, height = (size or 80 for size in os.get_terminal_size(sys.stdout.fileno()))
        self.paint.size = width, height
        start = f"\x1b[{self.height}A" if self.height else ""
        if self.width not in (0, width):
            start = "\x1b[H\x1b[2J"  # the terminal has folded the lines of the one before
        with self.paint.capture() as drawn:
            self.paint.print(view(self.progress, width - 1, height - 1, now))
        text = drawn.get().replace("\n", "\x1b[K\n")
        self.width, self.height = width, text.count("\n")
        return f"\x1b[?25l\r{start}{text}\x1b[J\x1b[?25h"
