"""How long messages travel: from the time of publishing, which their header has, to their arrival at an observer."""

from __future__ import annotations

from statistics import fmean, pstdev
from typing import NamedTuple

from tutelage.input.problems import Problem, Refusal
from tutelage.observers import runs
from tutelage.observers.reports import Sample
from tutelage.supervision.registry import Running


class Delay(NamedTuple):
    """The delays of the last `messages` of a topic in seconds. Sender and observer have one clock: the machine's."""

    topic: str
    messages: int
    mean_seconds: float
    min_seconds: float
    max_seconds: float
    std_seconds: float

    def text(self) -> str:
        mean, least, most, spread = (1e3 * seconds for seconds in self[2:])
        return (
            f"{self.topic}: {mean:.2f} ms after publishing in the mean, {least:.2f} to {most:.2f} ms, "
            f"standard deviation {spread:.2f} ms; {self.messages} messages"
        )


def check_clock(run: Running, topic: str) -> None:
    """Checks that the senders of a topic have this machine's clock.

    Raises:
        Refusal: one is on another machine. Its monotonic clock began with that machine.
    """
    speakers = runs.speakers(run, topic)
    if far := sorted({plan.host for plan in run.graph.nodes if plan.host and plan.name in speakers}):
        what = f"it comes from {', '.join(far)}, whose clock is another than this machine's: no delay can be measured"
        raise Refusal([Problem(topic, what)])


def measure(topic: str, samples: list[Sample]) -> Delay | None:
    """The delay of messages; None if there are none."""
    if not samples:
        return None
    seconds = [(sample.heard_ns - sample.sent_ns) / 1e9 for sample in samples]
    return Delay(topic, len(seconds), fmean(seconds), min(seconds), max(seconds), pstdev(seconds))
