"""What a node has said and may have to say again.

A message stays until every listener that must have it has acknowledged it, which it does when its own checkpoint is
safe on disk. So a listener that is killed gets again all that it had not kept, and one that comes late gets all.

What acts on the world does not wait for its listeners: with a `limit` the newest messages are kept, and the outbox
knows from where on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from tutelage.codec import Frame

Said = tuple[str, int, tuple[Frame, ...]]
"""Topic, sequence number, frames. Plain tuples of bytes: the garbage collector stops looking at them, however many."""


class Outbox:
    """Messages in the order they were said; numbered by topic.

    Args:
        listeners: the topics that each listener must have, by its name.
        limit: bytes of the newest messages that are kept; all of them without it.
    """

    def __init__(self, listeners: dict[str, list[str]], limit: int | None = None) -> None:
        self.limit = limit
        self._kept: deque[Said] = deque()
        self._bytes = 0
        self._begins: dict[str, int] = {}
        self._next: dict[str, int] = {}
        self._acknowledged = {
            topic: {n: 0 for n, ts in listeners.items() if topic in ts}
            for topics in listeners.values()
            for topic in topics
        }

    def next_sequence(self, topic: str) -> int:
        return self._next.get(topic, 0)

    def is_for_somebody(self, topic: str) -> bool:
        """Whether there is a listener that must have what is said on this topic."""
        return topic in self._acknowledged

    def add(self, topic: str, frames: list[Frame]) -> None:
        sequence = self._next.get(topic, 0)
        self._next[topic] = sequence + 1
        if topic in self._acknowledged:
            self._kept.append((topic, sequence, tuple(frames)))
            self._bytes += sum(map(len, frames))
            while self.limit is not None and self._bytes > self.limit and len(self._kept) > 1:
                self._forget()

    def _forget(self) -> None:
        """Lets go of the oldest message."""
        topic, sequence, frames = self._kept.popleft()
        self._bytes -= sum(map(len, frames))
        self._begins[topic] = sequence + 1

    def begins(self, topics: Iterable[str]) -> dict[str, int]:
        """The first sequence number on each topic that can be said again."""
        return {topic: self._begins.get(topic, 0) for topic in topics}

    def acknowledge(self, listener: str, positions: dict[str, int]) -> None:
        """A listener will never ask again for what is before these sequence numbers."""
        for topic, position in positions.items():
            if listener in self._acknowledged.get(topic, ()):
                self._acknowledged[topic][listener] = max(position, self._acknowledged[topic][listener])
        safe = {topic: min(by.values()) for topic, by in self._acknowledged.items()}
        while self._kept and self._kept[0][1] < safe[self._kept[0][0]]:
            self._forget()

    def since(self, positions: dict[str, int]) -> Iterator[tuple[Frame, ...]]:
        """What was said on these topics from these sequence numbers on, in order."""
        for topic, sequence, frames in self._kept:
            if sequence >= positions.get(topic, 2**63):
                yield frames

    def __len__(self) -> int:
        return len(self._kept)

    def state(self) -> dict[str, Any]:
        kept = [[topic, sequence, frames] for topic, sequence, frames in self._kept]
        return {"next": dict(self._next), "acknowledged": self._acknowledged, "kept": kept}

    def load(self, state: dict[str, Any]) -> None:
        self._next = state["next"]
        self._acknowledged = state["acknowledged"]
        self._kept = deque((topic, sequence, tuple(frames)) for topic, sequence, frames in state["kept"])
        self._bytes = sum(len(frame) for _, _, frames in self._kept for frame in frames)
        first = {topic: sequence for topic, sequence, _ in reversed(self._kept)}
        self._begins = {topic: first.get(topic, number) for topic, number in self._next.items()}
