"""A run that is watched: its messages as they come, and the page that shows them."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from tutelage import Message
from tutelage.input.problems import Refusal
from tutelage.nodes.screens.web.facts import Facts, of_progress
from tutelage.nodes.screens.web.page import Page
from tutelage.tasks.finished_run import task_of
from tutelage.tasks.playing import random_returns
from tutelage.teaching.progress import Progress

RANDOM_EPISODES = 5


class Watched:
    """Messages come from one thread, and the page asks from another."""

    def __init__(self, run_dir: Path, progress: Progress) -> None:
        self.progress, self.lock = progress, threading.Lock()
        self.page = Page(run_dir, self._facts)
        self.at_random = threading.Thread(target=self._measure_random, daemon=True)

    def hear(self, message: Message) -> None:
        with self.lock:
            self.progress.hear(message, time.monotonic())
            self.page.episodes.hear(message)

    def _facts(self) -> Facts:
        """They are asked for when somebody looks; only then is it worth its time to measure random actions."""
        if self.at_random.ident is None:
            self.at_random.start()
        with self.lock:
            self.progress.finished = self.page.ended
            return of_progress(self.progress, time.monotonic())

    def _measure_random(self) -> None:
        """Measures what random actions reach in the run's task."""
        try:
            found = random_returns(task_of(self.page.run_dir), RANDOM_EPISODES)
        except Refusal:  # the run has no task that can be made here
            return
        self.page.random = sum(found) / len(found)
