"""The recording benchmark's nodes: an arm and a camera by the clock, a recorder that says what it has cost."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from tutelage.message import Message
from tutelage.node import Node
from tutelage.nodes.recorder import Recorder

JOINTS_HZ, IMAGE_HZ = 500, 100
"""Ten times what a robot arm with a camera has."""

_RANDOM = np.random.default_rng(0)
_NOISE = _RANDOM.normal(0, 4, (16, 96, 96, 3))
_Y, _X = np.mgrid[0:96, 0:96]
_SCENE = np.stack([2 * _X, 2 * _Y, _X + _Y], -1)
IMAGES = [(np.roll(_SCENE, i, 0) + noise).clip(0, 255).astype(np.uint8) for i, noise in enumerate(_NOISE)]
"""A scene that moves, with the noise of a sensor."""


class Joints(Message, cadence="step"):
    """arm -> those who look on: its joints."""

    position: Annotated[NDArray[np.float32], "joints", "rad"]
    velocity: Annotated[NDArray[np.float32], "joints", "rad/s"]
    torque: Annotated[NDArray[np.float32], "joints", "N m"]


class Picture(Message, cadence="step"):
    """camera -> those who look on: what it sees."""

    pixels: Annotated[NDArray[np.uint8], "height width colour"]


def joints(i: int) -> Joints:
    angle = np.sin(np.arange(12, dtype=np.float32) + i / 100)
    return Joints(0, i, angle, np.cos(angle), 2 * angle)


def image(i: int) -> Picture:
    return Picture(0, i, IMAGES[i % len(IMAGES)])


class _Clocked(Node):
    """Says a message at each of its ticks, and measures how long saying takes and how late a tick is."""

    order = "arrival"
    clock = realtime = True
    rate_hz = 1

    def __init__(self, seconds: float) -> None:
        self.count, self.number = int(seconds * self.rate_hz), 0
        self.begin = time.monotonic() + 1.0
        self.saying: list[float] = []
        self.late = 0

    def make(self, i: int) -> Message:
        raise NotImplementedError

    def due(self) -> float:
        return self.begin + self.number / self.rate_hz

    def tick(self) -> Iterator[Message]:
        now = time.monotonic()
        self.late += now > self.due() + 1 / self.rate_hz
        message = self.make(self.number)
        began = time.monotonic()
        yield message
        self.saying.append(time.monotonic() - began)
        self.number += 1
        self.done = self.number == self.count

    def finish(self) -> tuple[Message, ...]:
        milliseconds = 1e3 * np.array(self.saying)
        report(self, said=self.number, late_ticks=self.late, say_p50_ms=float(np.median(milliseconds)),
               say_p99_ms=float(np.percentile(milliseconds, 99)), say_max_ms=float(milliseconds.max()))  # fmt: skip
        return ()


def report(node: Node, **numbers: Any) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    whole = {**numbers, "cpu_seconds": used.ru_utime + used.ru_stime, "peak_megabytes": used.ru_maxrss / 1024}
    (node.run_dir / f"{type(node).__name__.lower()}.json").write_text(json.dumps(whole))


class Arm(_Clocked):
    """An arm of twelve joints."""

    says = (Joints,)
    rate_hz = JOINTS_HZ

    def make(self, i: int) -> Message:
        return joints(i)


class Camera(_Clocked):
    """A camera of 96x96 pixels."""

    says = (Picture,)
    rate_hz = IMAGE_HZ

    def make(self, i: int) -> Message:
        return image(i)


class Listener(Node):
    """Hears all and keeps nothing: what is left of the cost without a file."""

    may_hear = (Message,)
    order = "arrival"

    def __init__(self) -> None:
        self.heard = 0

    def hear(self, message: Message) -> None:
        self.heard += 1

    def finish(self) -> tuple[Message, ...]:
        report(self, heard=self.heard)
        return ()


class MeasuredRecorder(Recorder):
    """The recorder, which says what it has cost."""

    def __init__(self) -> None:
        super().__init__()

    def finish(self) -> tuple[Message, ...]:
        super().finish()
        report(self)
        return ()
