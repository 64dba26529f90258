"""A run that is watched: its messages as they come, and the page that shows them."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from tutelage import Message
from tutelage.nodes.screens.web.facts import Facts, of_progress
from tutelage.nodes.screens.web.page import Page
from tutelage.teaching.progress import Progress


class Watched:
    """Messages come from one thread, and the page asks from another."""

    def __init__(self, run_dir: Path, progress: Progress) -> None:
        self.progress, self.lock = progress, threading.Lock()
        self.page = Page(run_dir, self._facts)

    def hear(self, message: Message) -> None:
        with self.lock:
            self.progress.hear(message, time.monotonic())
            self.page.episodes.hear(message)

    def _facts(self) -> Facts:
        with self.lock:
            return of_progress(self.progress, time.monotonic())
