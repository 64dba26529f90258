"""Records a running graph as an observer, without slowing it: missed messages are counted and stated in the file."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tutelage.observers import runs
from tutelage.recording.writer import Writer, about_run
from tutelage.supervision.registry import Running
from tutelage.transport.tap import Arrival, Tap

IDLE_SECONDS = 0.02
"""How long to wait for a message before checking the file, the clock and the run."""


class Capture:
    """Records some topics of a run, or all, into a file."""

    def __init__(self, run: Running, topics: Sequence[str], path: Path) -> None:
        runs.check_topics(run, topics)
        self.run, self.topics = run, list(topics) or list(run.graph.messages)
        self.writer = Writer(path, about_run(run.run_dir))
        self.heard: Counter[str] = Counter()
        self._asked = False

    def record(self, seconds: float | None = None) -> None:
        """Records until the run has ended, `seconds` are over, or Ctrl-C."""
        signal.signal(signal.SIGINT, self._ask)  # an exception could interrupt a record
        senders = {sender for topic in self.topics for sender in runs.speakers(self.run, topic)}
        tap = Tap(self.run.name, self.run.socket_dir, sorted(senders), self.topics)
        until = time.monotonic() + seconds if seconds is not None else float("inf")
        try:
            while not self._asked and time.monotonic() < until:
                if arrival := tap.receive(IDLE_SECONDS):
                    self._take(arrival)
                elif not (self.run.socket_dir / "run_dir").exists():
                    break
                if time.monotonic() >= self.writer.due:
                    self.writer.flush()
        finally:
            tap.close()
            self.writer.close()

    def _ask(self, number: int, frame: object) -> None:
        self._asked = True

    def _take(self, arrival: Arrival) -> None:
        topic, header, fields, _ = arrival
        self.writer.add(topic, self.run.graph.messages[topic], header, fields, time.monotonic_ns())
        self.heard[topic] += 1

    def summary(self) -> str:
        """How many messages were received and lost on each topic."""
        lost = self.writer.lost
        return "\n".join(f"{topic}: {self.heard[topic]} recorded, {lost[topic]} lost" for topic in self.topics)
