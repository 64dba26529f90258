"""The page of a run beside it: its messages are observed as `topic echo` does, without slowing it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tutelage.foreign import message_type
from tutelage.nodes.dashboard import SHOWN
from tutelage.nodes.screens.web.opening import served
from tutelage.nodes.screens.web.watched import Watched
from tutelage.observers import runs
from tutelage.observers.listener import hear
from tutelage.supervision import registry
from tutelage.supervision.registry import Running
from tutelage.teaching.progress import Progress

TOPICS = {kind.topic: kind for kind in SHOWN}

UNREPORTED = "it does not run, and left no report: it was cut off, or its launch file has none"


def serve(run: str | None, port: int, say: Callable[[str], None]) -> None:
    """Serves the page until it is interrupted."""
    running = _running(run)
    run_dir = Path(run or "").resolve() if running is None else running.run_dir
    watched = Watched(run_dir, Progress())
    if not (running or (run_dir / "report.json").exists()):
        watched.progress.warnings = [UNREPORTED]
    server = served(watched.page, port)
    say(f"the page: {server.address}")
    try:
        if running:
            _observe(running, watched)
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        server.stop()


def _running(run: str | None) -> Running | None:
    """The run of this name or folder; None if it is the folder of one that has ended.

    Raises:
        Refusal: there is none.
    """
    is_folder = run is not None and (Path(run) / "run.json").exists()
    if is_folder and Path(run or "").resolve() not in [one.run_dir for one in registry.runs()]:
        return None
    return runs.running(run)


def _observe(running: Running, watched: Watched) -> None:
    """Notes what passes, until the run has ended."""
    said = {topic: kind for plan in running.graph.nodes for kind, topic in plan.says.items() if kind in TOPICS}
    kinds = {topic: message_type(running.graph.messages[topic]) for topic in said}
    kinds |= {kind.topic: kind for kind in SHOWN if kind.topic not in said and kind.topic == "status"}
    senders = [plan.name for plan in running.graph.nodes if plan.run]
    for heard in hear(running.name, running.socket_dir, senders, kinds):
        if heard:
            watched.hear(heard.message)
