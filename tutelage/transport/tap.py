"""The tap: a node's second publisher, for observers. Its queue is bounded; missed messages are counted.

A topic without observers costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tutelage import codec
from tutelage.codec import Frame, Header, Malformed
from tutelage.exactness import exact
from tutelage.status import Status
from tutelage.transport import places, sockets
from tutelage.transport.meeting import Losses

TAP_MESSAGES, TAP_BYTES = 1000, 32 * 2**20
"""What waits for a slow observer before messages are dropped and counted: the less of both, but TAP_LEAST messages."""

TAP_LEAST = 32

BURST_MESSAGES, BURST_SECONDS = TAP_LEAST // 2, 0.05
"""Small messages leave together, so many or so often: each sending wakes a thread here and two of each observer."""

AT_ONCE = "!"
"""An observer that subscribes to this, too, wants each message at once."""


class Tapped:
    """A node's publisher for observers. Its threads do not interrupt the node (`sockets.unhurried`).

    Args:
        folder: where the sockets of the run are.
        topics: all topics on which the node publishes.

    Attributes:
        tapped: the topics that observers want.
    """

    def __init__(self, folder: Path, node: str, topics: Iterable[str]) -> None:
        known = places.of(folder)
        self._context = sockets.unhurried()
        self.gate = places.gate(self._context, known)
        self.socket = sockets.publisher(self._context, places.bound(folder, node, "tap", known), TAP_LEAST, self.gate)
        if self.gate:
            self.gate.open()
        self.tapped: set[bytes] = set()
        self.at_once = False
        self._topics, self._prefixes = set(topics), set[bytes]()
        self._sizes: dict[str, int] = {}  # bytes of the first message on each topic
        self._waiting: list[list[Frame]] = []
        self._due = 0.0  # when the next message does not wait for others

    def is_unknown(self, topic: str) -> bool:
        """Whether the size of messages on this topic is not known yet."""
        return topic not in self._sizes

    def measure(self, topic: str, frames: list[Frame]) -> None:
        """Lets more messages wait once there was one on each topic and none was large.

        ZeroMQ bounds a queue by messages only, and the bound may only be raised. If it is lowered on a live connection,
        the two ends wait for each other (4.3.5: what was read is reported back at multiples of half the bound).
        """
        self._sizes[topic] = sum(map(len, frames))
        if len(self._sizes) == len(self._topics):
            allowed = TAP_BYTES // max(self._sizes.values())
            sockets.raise_high_water(self.socket, max(TAP_LEAST, min(TAP_MESSAGES, allowed)))

    def send(self, frames: list[Frame]) -> None:
        """Sends a message on a topic that is tapped, a small one with others soon."""
        self._waiting.append(frames)
        if len(frames) > 1 or len(self._waiting) == BURST_MESSAGES or self.at_once:
            self.flush()
        self._flush_in_time()

    def flush(self) -> None:
        """Sends all messages that wait."""
        for frames in self._waiting:
            sockets.send(self.socket, frames)
        self._waiting = []
        self._due = time.monotonic() + BURST_SECONDS

    def _flush_in_time(self) -> None:
        if self._waiting and time.monotonic() > self._due:
            self.flush()

    def service(self, lost: Losses) -> None:
        """Sends what has waited long enough, and reads which topics the observers want."""
        self._flush_in_time()
        while (wish := sockets.read(self.socket)) is not None:
            if wish[:1] not in (b"\0", b"\1"):
                lost.stranger(f"{len(wish)} bytes at the tap")
                continue
            (self._prefixes.add if wish[0] else self._prefixes.discard)(wish[1:])
            names = {topic.encode() for topic in [*self._topics, Status.topic]}
            self.tapped = {name for name in names if (name + b"\0").startswith(tuple(self._prefixes))}
            self.at_once = f"{AT_ONCE}\0".encode() in self._prefixes

    def close(self) -> None:
        self.flush()
        if self.gate:
            self.gate.close()
        self._context.destroy(linger=0)


class Arrival(NamedTuple):
    """A message as it came: its fields are not checked against its type yet."""

    topic: str
    header: Header
    fields: list[Any]
    size_bytes: int


class Tap:
    """Subscribes to a graph's messages, as an observer: some may be missed.

    Frames that no process of the run can have sent are dropped and counted in `lost`.

    Args:
        run: the name of the run, which every header repeats.
        folder: where the sockets of the run are.
        senders, topics: whose messages, on which topics.
        at_once: each as soon as it is published, instead of small ones together.
    """

    def __init__(
        self, run: str, folder: Path, senders: Iterable[str], topics: Collection[str], at_once: bool = False
    ) -> None:
        self.run, self.lost, self._topics = run, Losses(), frozenset(topics)
        self._context = sockets.Context()
        self._watch = watch = places.Watch(folder, senders, "tap")
        names = [topic.encode() for topic in (*topics, *[AT_ONCE] * at_once)]
        limits = {"high_water": TAP_MESSAGES, "largest": codec.MAX_FRAME}
        self._hear = sockets.subscriber(self._context, watch.where, names, watch.places and watch.places.key, **limits)
        sockets.patience(self._hear, 0)

    def receive(self, seconds: float) -> Arrival | None:
        """The next message, or None if none came within `seconds`. It follows senders that run elsewhere now."""
        sockets.move(self._hear, *self._watch.moves())
        frames = sockets.take(self._hear)
        if not frames and self._hear.poll(int(seconds * 1000)):
            frames = sockets.take(self._hear)
        return self._read(frames) if frames else None

    def _read(self, frames: list[Frame]) -> Arrival | None:
        topic = bytes(frames[0]).partition(b"\0")[0].decode(errors="replace")
        try:
            header, fields = codec.decode(frames)
        except Malformed as wrong:
            self.lost.stranger(str(wrong))
            return None
        if header.run != self.run or topic not in self._topics:
            self.lost.stranger(f"a message of {header.sender[:60]} of run {header.run[:60]}")
            return None
        fields[:2] = [exact(value, int) for value in fields[:2]]
        return Arrival(topic, header, fields, sum(map(len, frames)))

    def close(self) -> None:
        self._context.destroy(linger=0)
