"""The page of a run beside it: its messages are observed as `topic echo` does, without slowing it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tutelage.foreign import message_type
from tutelage.nodes.dashboard import SHOWN
from tutelage.nodes.screens.web.opening import served
from tutelage.nodes.screens.web.page import Page
from tutelage.observers import runs
from tutelage.observers.listener import hear
from tutelage.supervision.registry import Running
from tutelage.teaching.progress import Progress

TOPICS = {kind.topic: kind for kind in SHOWN}


def serve(run: str | None, port: int, say: Callable[[str], None]) -> None:
    """Serves the page until it is interrupted."""
    ended = run is not None and (Path(run) / "report.json").exists()
    running = None if ended else runs.running(run)
    page = Page(Path(run or "").resolve() if running is None else running.run_dir, Progress())
    server = served(page, port)
    say(f"the page: {server.address}")
    try:
        if running:
            _observe(running, page)
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        server.stop()


def _observe(running: Running, page: Page) -> None:
    """Notes what passes, until the run has ended."""
    said = {topic: kind for plan in running.graph.nodes for kind, topic in plan.says.items() if kind in TOPICS}
    kinds = {topic: message_type(running.graph.messages[topic]) for topic in said}
    kinds |= {kind.topic: kind for kind in SHOWN if kind.topic not in said and kind.topic == "status"}
    senders = [plan.name for plan in running.graph.nodes if plan.run]
    for heard in hear(running.name, running.socket_dir, senders, kinds):
        if heard:
            with page.lock:
                page.progress.hear(heard.message, time.monotonic())
