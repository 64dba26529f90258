"""Subscribes to a graph as an observer, without slowing it: missed messages are counted, and no node waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tutelage import codec
from tutelage.codec import Frame, Header
from tutelage.message import Message, build, is_promise
from tutelage.transport.bus import Tap

IDLE_SECONDS = 0.1
"""How often a listener that hears nothing looks whether the run is still there."""


@dataclass(frozen=True)
class Heard:
    """A message as it passed; `lost` were missed just before it."""

    topic: str
    header: Header
    message: Message
    size_bytes: int
    lost: int


def hear(socket_dir: Path, senders: Iterable[str], kinds: Mapping[str, type[Message]]) -> Iterator[Heard | None]:
    """The messages on the topics of `kinds`, until the run has ended; None now and then if there is none.

    Raises:
        TypeError, codec.Malformed: a publisher sends another kind of message there.
    """
    tap = Tap(socket_dir, senders, kinds)
    expected: dict[tuple[str, str], int] = {}
    try:
        while True:
            frames = tap.receive(IDLE_SECONDS)
            if frames:
                yield read(frames, kinds, expected)
            elif (socket_dir / "run_dir").exists():  # the launcher, or the sweeper after it, removes it in the end
                yield None
            else:
                return
    finally:
        tap.close()


def read(frames: list[Frame], kinds: Mapping[str, type[Message]], expected: dict[tuple[str, str], int]) -> Heard | None:
    """The message in the frames, or None for a promise; `expected` is the next number of each (sender, topic).

    A restarted sender may resend messages: then nothing was lost.
    """
    topic = bytes(frames[0]).partition(b"\0")[0].decode()
    header, fields = codec.decode(frames)
    stream = header.sender, topic
    lost = max(0, header.sequence - expected.get(stream, header.sequence))
    expected[stream] = header.sequence + 1
    if is_promise(fields):
        return None
    return Heard(topic, header, build(kinds[topic], fields), sum(map(len, frames)), lost)
