"""The rate of a topic and its regularity, by the senders' clocks, so that delays do not count."""

from __future__ import annotations

from itertools import pairwise
from statistics import pstdev
from typing import NamedTuple

from tutelage.observers.reports import Sample


class Rate(NamedTuple):
    """The last `messages` of a topic: their rate, and the intervals between them in seconds.

    `lost` messages were missed among them. The rate counts them; an interval with one of them is a long one.
    """

    topic: str
    messages: int
    rate_hz: float
    min_seconds: float
    max_seconds: float
    std_seconds: float
    lost: int

    def text(self) -> str:
        least, most, spread = (1e3 * seconds for seconds in (self.min_seconds, self.max_seconds, self.std_seconds))
        return (
            f"{self.topic}: {self.rate_hz:.1f} a second; "
            f"between two {least:.2f} to {most:.2f} ms, standard deviation {spread:.2f} ms; "
            f"{self.messages} messages, {self.lost} lost"
        )


def measure(topic: str, samples: list[Sample]) -> Rate | None:
    """The rate of messages; None for fewer than two."""
    seconds, lost = span(samples)
    if not seconds:
        return None
    times = sorted(sample.sent_ns / 1e9 for sample in samples)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return Rate(topic, len(samples), (len(gaps) + lost) / seconds, min(gaps), max(gaps), pstdev(gaps), lost)


def span(samples: list[Sample]) -> tuple[float, int]:
    """The seconds from the first to the last of them by the senders' clocks, and how many were lost in between."""
    if not samples:
        return 0.0, 0
    times = [sample.sent_ns for sample in samples]
    return (max(times) - min(times)) / 1e9, sum(sample.lost for sample in samples[1:])
