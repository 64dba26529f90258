"""What is measured of a topic, said every second and once more at the end: its rate, bandwidth or delay."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple, Protocol

from tutelage.foreign import message_type
from tutelage.observers import runs
from tutelage.observers.listener import hear
from tutelage.supervision.registry import Running

REPORT_SECONDS = 1.0


class Sample(NamedTuple):
    """A message as it was heard. Times are of the machine's monotonic clock; `lost` messages were missed before it."""

    sent_ns: int
    heard_ns: int
    size_bytes: int
    lost: int = 0


class Measured(Protocol):
    """A named tuple of what was measured, which can be said as a line of text."""

    def _asdict(self) -> dict[str, Any]: ...

    def text(self) -> str: ...


Measure = Callable[[str, list[Sample]], Measured | None]
"""Measures the last samples of a topic; None if they are too few."""


def reports(
    run: Running, topic: str, measure: Measure, window: int, count: int | None, as_json: bool, at_once: bool = False
) -> Iterator[str]:
    """A line about the last `window` messages every second, `count` lines at most; `at_once` as in Tap.

    Raises:
        Refusal: the topic is unknown.
    """
    runs.check_topics(run, [topic])
    return islice(_seconds(run, topic, measure, window, as_json, at_once), count)


def _seconds(run: Running, topic: str, measure: Measure, window: int, as_json: bool, at_once: bool) -> Iterator[str]:
    kinds = {topic: message_type(run.graph.messages[topic])}
    samples: deque[Sample] = deque(maxlen=window)
    fresh, due = False, time.monotonic() + REPORT_SECONDS
    for heard in hear(run.name, run.socket_dir, runs.speakers(run, topic), kinds, at_once):
        if heard:
            samples.append(Sample(heard.header.sent, time.monotonic_ns(), heard.size_bytes, heard.lost))
            fresh = True
        if time.monotonic() >= due:
            yield _line(topic, measure(topic, list(samples)) if fresh else None, as_json)
            fresh, due = False, due + REPORT_SECONDS
    if fresh:
        yield _line(topic, measure(topic, list(samples)), as_json)


def _line(topic: str, measured: Measured | None, as_json: bool) -> str:
    if as_json:
        return json.dumps(measured._asdict() if measured else {"topic": topic, "messages": 0})
    return measured.text() if measured else f"{topic}: nothing new"
