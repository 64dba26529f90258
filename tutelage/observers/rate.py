"""The rate of a topic and its regularity, by the senders' clocks, so that delays do not count."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice, pairwise
from statistics import fmean, pstdev
from typing import NamedTuple

from tutelage.foreign import message_type
from tutelage.observers import runs
from tutelage.observers.listener import hear
from tutelage.supervision.registry import Running

REPORT_SECONDS = 1.0


class Rate(NamedTuple):
    """The last `messages` of a topic: their rate, intervals in seconds, and size. `lost` counts from the start."""

    topic: str
    messages: int
    rate_hz: float
    min_seconds: float
    max_seconds: float
    std_seconds: float
    bytes_per_second: float
    lost: int

    def text(self) -> str:
        least, most, spread = (1e3 * seconds for seconds in (self.min_seconds, self.max_seconds, self.std_seconds))
        return (
            f"{self.topic}: {self.rate_hz:.1f} a second, {self.bytes_per_second / 1e3:.1f} kB a second; "
            f"between two {least:.2f} to {most:.2f} ms, standard deviation {spread:.2f} ms; "
            f"{self.messages} messages, {self.lost} lost"
        )


def measure(topic: str, sent: list[tuple[int, int]], lost: int) -> Rate | None:
    """The rate of messages, given (time sent [ns], bytes) of each; None for fewer than two."""
    times = sorted(time / 1e9 for time, _ in sent)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    if not gaps or not sum(gaps):
        return None
    mean = fmean(gaps)
    size = fmean(size for _, size in sent)
    return Rate(topic, len(sent), 1 / mean, min(gaps), max(gaps), pstdev(gaps), size / mean, lost)


def reports(run: Running, topic: str, window: int, count: int | None, as_json: bool) -> Iterator[str]:
    """A line about the last `window` messages every second, `count` lines at most.

    Raises:
        Refusal: the topic is unknown.
    """
    runs.check_topics(run, [topic])
    return islice(_seconds(run, topic, window, as_json), count)


def _seconds(run: Running, topic: str, window: int, as_json: bool) -> Iterator[str]:
    kinds = {topic: message_type(run.graph.messages[topic])}
    sent: deque[tuple[int, int]] = deque(maxlen=window)
    lost, fresh, due = 0, False, time.monotonic() + REPORT_SECONDS
    for heard in hear(run.name, run.socket_dir, runs.speakers(run, topic), kinds):
        if heard:
            sent.append((heard.header.sent, heard.size_bytes))
            lost, fresh = lost + heard.lost, True
        if time.monotonic() >= due:
            yield _line(topic, measure(topic, list(sent), lost) if fresh else None, as_json)
            fresh, due = False, due + REPORT_SECONDS


def _line(topic: str, rate: Rate | None, as_json: bool) -> str:
    if as_json:
        return json.dumps(rate._asdict() if rate else {"topic": topic, "messages": 0})
    return rate.text() if rate else f"{topic}: nothing new"
