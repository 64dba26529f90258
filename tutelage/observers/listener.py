"""Subscribes to a graph as an observer, without slowing it: missed messages are counted, and no node waits."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tutelage.codec import Header
from tutelage.message import Message, build, is_promise
from tutelage.transport.tap import Arrival, Tap

IDLE_SECONDS = 0.1
"""How often an idle observer checks whether the run is still there."""


LEAST_CLAIM = 19
"""The niceness of an observer, the greatest there is."""


@dataclass(frozen=True)
class Heard:
    """A message as it passed; `lost` messages were missed just before it."""

    topic: str
    header: Header
    message: Message
    size_bytes: int
    lost: int


def hear(
    run: str, socket_dir: Path, senders: Iterable[str], kinds: Mapping[str, type[Message]], at_once: bool = False
) -> Iterator[Heard | None]:
    """The messages of a run on the topics of `kinds`, until the run has ended; None now and then if there is none.

    This process yields the processor to the graph from now on (`nice`): where all cores are busy, an observer that
    wants every message would take a share of the graph's.

    Raises:
        TypeError: a publisher sends another kind of message there.
    """
    os.nice(LEAST_CLAIM)
    tap = Tap(run, socket_dir, senders, kinds, at_once)
    expected: dict[tuple[str, str], int] = {}
    try:
        while True:
            arrival = tap.receive(IDLE_SECONDS)
            if arrival:
                yield read(arrival, kinds, expected)
            elif (socket_dir / "run_dir").exists():  # the launcher or the sweeper removes it at the end
                yield None
            else:
                return
    finally:
        tap.close()


def read(arrival: Arrival, kinds: Mapping[str, type[Message]], expected: dict[tuple[str, str], int]) -> Heard | None:
    """The message that came, or None for a promise; `expected` is the next number of each (sender, topic).

    A restarted sender may resend messages: then nothing was lost.
    """
    topic, header, fields, size_bytes = arrival
    stream = header.sender, topic
    lost = max(0, header.sequence - expected.get(stream, header.sequence))
    if is_promise(fields):
        expected[stream] = header.sequence + 1 - lost  # the next message tells it
        return None
    expected[stream] = header.sequence + 1
    return Heard(topic, header, build(kinds[topic], fields), size_bytes, lost)
