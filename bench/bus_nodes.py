"""The bus benchmark's messages and nodes: one asks, one answers; one floods, one counts."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from tutelage.message import Message
from tutelage.node import Node

STATE = np.array([0.013, -0.52, 0.041, 0.233])
PICTURE = np.random.default_rng(1).integers(0, 255, (512, 683, 3), np.uint8)
"""1,049,088 bytes."""

GREETINGS = 200
"""Messages that the flood's two nodes exchange first, so that their connections stand."""


class Small(Message, cadence="step"):
    """either node -> the other: what a control loop says at every step."""

    t: float
    seq: int
    obs: Annotated[NDArray[np.float64], "obs"]
    action: float
    reward: float
    done: bool


class Image(Message, cadence="step"):
    """either node -> the other: one camera's picture."""

    seq: int
    pixels: Annotated[NDArray[np.uint8], "height width colour"]


class Ready(Message, cadence="free"):
    """counter -> flooder: that message has come."""

    seq: int


def small(i: int) -> Small:
    return Small(0, i, 1.25 + i, i, STATE, 0.37, 1.0, False)


def image(i: int) -> Image:
    return Image(0, i, i, PICTURE)


def write(report: str, **measured: Any) -> None:
    """Leaves measurements, and the most memory that this process has held, for the benchmark to read."""
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    Path(report).write_text(json.dumps({**measured, "peak_megabytes": megabytes}))


class Asker(Node):
    """Says a message when the last one has come back, and measures how long that took (ns)."""

    hears = says = (Small, Image)

    def __init__(self, kind: str, count: int, warm: int, report: str) -> None:
        self.make = {"small": small, "image": image}[kind]
        self.count, self.warm, self.report = count, warm, report
        self.times: list[int] = []

    def start(self) -> Iterator[Message]:
        self.asked = time.monotonic_ns()
        yield self.make(0)

    def hear(self, message: Message) -> Iterator[Message]:
        now = time.monotonic_ns()
        self.times.append(now - self.asked)
        self.asked = now
        if len(self.times) < self.warm + self.count:
            yield self.make(len(self.times))
        else:
            self.done = True

    def finish(self) -> Iterable[Message]:
        write(self.report, times=self.times[self.warm :])
        return ()


class Answerer(Node):
    """Says what it hears, decoded and encoded anew."""

    hears = says = (Small, Image)

    def hear(self, message: Message) -> Iterator[Message]:
        yield message


class RealtimeAsker(Asker):
    """The same as a robot's node, which keeps only its newest messages."""

    realtime = True


class RealtimeAnswerer(Answerer):
    """The same as a robot's node."""

    realtime = True


class Flooder(Node):
    """Says a message to each answer at first, then `count` at once."""

    hears = (Ready,)
    says = (Small,)

    def __init__(self, count: int, report: str) -> None:
        self.count, self.report = count, report

    def start(self) -> Iterator[Message]:
        yield small(0)

    def hear(self, message: Message) -> Iterator[Message]:
        assert isinstance(message, Ready)
        if message.seq < GREETINGS:
            yield small(message.seq + 1)
            return
        begin = time.monotonic_ns()
        yield from map(small, range(GREETINGS + 1, GREETINGS + 1 + self.count))
        write(self.report, begin=begin, end=time.monotonic_ns())
        self.done = True


class Counter(Node):
    """Counts what it hears, and when; every message must be the next one. Answers the first."""

    hears = (Small,)
    says = (Ready,)

    def __init__(self, report: str) -> None:
        self.report, self.heard, self.end = report, 0, 0

    def hear(self, message: Message) -> Iterable[Message]:
        assert isinstance(message, Small) and message.seq == self.heard
        self.heard += 1
        self.end = time.monotonic_ns()
        return (Ready(0, message.seq, message.seq),) if message.seq <= GREETINGS else ()

    def finish(self) -> Iterable[Message]:
        write(self.report, received=self.heard - GREETINGS - 1, end=self.end)
        return ()
