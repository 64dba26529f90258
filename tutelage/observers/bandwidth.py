"""How many bytes a second a topic takes, headers included."""

from __future__ import annotations

from statistics import fmean
from typing import NamedTuple

from tutelage.observers.rate import span
from tutelage.observers.reports import Sample


class Bandwidth(NamedTuple):
    """The last `messages` of a topic: bytes a second, and the sizes of a message. Those `lost` count as the mean."""

    topic: str
    messages: int
    bytes_per_second: float
    mean_bytes: float
    min_bytes: int
    max_bytes: int
    lost: int

    def text(self) -> str:
        return (
            f"{self.topic}: {size(self.bytes_per_second)} a second; a message has {size(self.mean_bytes)} in the mean, "
            f"{size(self.min_bytes)} to {size(self.max_bytes)}; {self.messages} messages, {self.lost} lost"
        )


def measure(topic: str, samples: list[Sample]) -> Bandwidth | None:
    """The bandwidth of messages; None for fewer than two."""
    seconds, lost = span(samples)
    if not seconds:
        return None
    sizes = [sample.size_bytes for sample in samples]
    mean = fmean(sizes)
    return Bandwidth(topic, len(sizes), mean * (len(sizes) - 1 + lost) / seconds, mean, min(sizes), max(sizes), lost)


def size(count: float) -> str:
    """So many bytes, in the unit that suits them."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.4g} {unit}"
        count /= 1000
    return f"{count:.4g} GB"
