"""A node's published messages that it may have to resend.

A message stays until every listener that must receive it has acknowledged it; a listener does so when its checkpoint
is safe on disk. So a killed listener gets again what it had not saved, and a late one gets everything. Each topic is
forgotten separately. When a topic has SPILL_BYTES in memory, they go into a file beside the checkpoint. So a listener
that stands still costs its senders no memory, and checkpoints stay small.

A realtime node does not wait for its listeners: with a `limit` the newest messages of each topic are kept, and the
outbox knows where they begin.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from tutelage.codec import Frame
from tutelage.files import checkpoint
from tutelage.input.problems import Problem, Refusal

SPILL_BYTES = 2**20

REALTIME_BYTES = 4 * 2**20
"""The newest messages of each topic that a realtime node keeps, to resend them."""

Said = tuple[int, int, tuple[Frame, ...]]
"""Place among all messages, sequence number, frames. The garbage collector ignores plain tuples of bytes, however many
there are."""


class File(NamedTuple):
    """A file of messages on one topic: its name, its first sequence number, and the one after its last."""

    number: int
    begin: int
    end: int


class Kept:
    """The messages of one topic: the oldest in files, the newest in memory."""

    def __init__(self, listeners: Iterable[str], limit: int | None) -> None:
        self.acknowledged = dict.fromkeys(listeners, 0)
        self.limit = limit
        self.files: deque[File] = deque()
        self.said: deque[Said] = deque()
        self.bytes = 0
        self.begin = 0

    def __len__(self) -> int:
        return len(self.said) + sum(file.end - file.begin for file in self.files)

    def add(self, said: Said) -> None:
        self.said.append(said)
        self.bytes += sum(map(len, said[2]))
        while self.limit is not None and self.bytes > self.limit and len(self.said) > 1:
            self._forget()

    def _forget(self) -> None:
        """Forgets the oldest message in memory."""
        _, sequence, frames = self.said.popleft()
        self.bytes -= sum(map(len, frames))
        self.begin = sequence + 1

    def acknowledge(self, listener: str, position: int) -> list[int]:
        """Forgets what all listeners have; returns the files that are not needed any more."""
        if listener in self.acknowledged:
            self.acknowledged[listener] = max(position, self.acknowledged[listener])
        safe, files = min(self.acknowledged.values()), list[int]()
        while self.files and self.files[0].end <= safe:
            files.append(self.files[0].number)
            self.begin = self.files.popleft().end
        while self.said and self.said[0][1] < safe:
            self._forget()
        return files

    def spill(self, path: Path, number: int, durable: bool) -> None:
        """Moves the messages in memory into a file."""
        checkpoint.save_rows(path, self.said, durable)
        self.files.append(File(number, self.said[0][1], self.said[-1][1] + 1))
        self.said.clear()
        self.bytes = 0

    def since(self, position: int, folder: Path | None) -> Iterator[Said]:
        for file in self.files:
            if file.end > position and folder:
                for place, sequence, frames in islice(read(folder, file), max(0, position - file.begin), None):
                    yield place, sequence, tuple(frames)
        if self.said:
            yield from islice(self.said, max(0, position - self.said[0][1]), None)

    def state(self) -> list[Any]:
        return [self.acknowledged, self.begin, [list(file) for file in self.files], list(self.said)]

    def load(self, state: list[Any]) -> None:
        self.acknowledged, self.begin, files, said = state
        self.files = deque(File(*file) for file in files)
        self.said = deque((place, sequence, tuple(frames)) for place, sequence, frames in said)
        self.bytes = sum(len(frame) for _, _, frames in self.said for frame in frames)


def read(folder: Path, file: File) -> list[Any]:
    """The messages in a file.

    Raises:
        Refusal: it is missing or damaged.
    """
    found: list[Any] | None = checkpoint.load(folder / str(file.number))
    if found is None:
        raise Refusal([Problem(folder / str(file.number), "is missing: this run cannot go on, start another")])
    return found


class Outbox:
    """Messages in the order in which they were published, numbered by topic.

    Args:
        listeners: the topics that each listener must receive, by its name.
        limit: keeps only the newest messages of a topic, up to this many bytes; without it all.
        folder: for files of messages; without it all messages stay in memory.
    """

    def __init__(self, listeners: dict[str, list[str]], limit: int | None = None, folder: Path | None = None) -> None:
        self.limit, self.folder = limit, folder
        self._next: dict[str, int] = {}
        self._kept = {
            topic: Kept([name for name, topics in listeners.items() if topic in topics], limit)
            for topics in listeners.values()
            for topic in topics
        }
        self._places = 0
        self._unneeded: list[int] = []  # files that the next checkpoint does not need
        self._deletable: list[int] = []  # nor the last one, which will be its predecessor
        self._take_up_files()

    def next_sequence(self, topic: str) -> int:
        return self._next.get(topic, 0)

    def is_for_somebody(self, topic: str) -> bool:
        """Whether a listener must receive this topic."""
        return topic in self._kept

    def listeners(self, topic: str) -> set[str]:
        """The listeners that must receive this topic."""
        return set(self._kept[topic].acknowledged) if topic in self._kept else set()

    def add(self, topic: str, frames: list[Frame]) -> None:
        sequence = self._next.get(topic, 0)
        self._next[topic] = sequence + 1
        kept = self._kept.get(topic)
        if kept is not None:
            self._places += 1
            kept.add((self._places, sequence, tuple(frames)))

    def begins(self, topics: Iterable[str]) -> dict[str, int]:
        """The first sequence number of each topic that can be resent."""
        return {topic: self._kept[topic].begin if topic in self._kept else 0 for topic in topics}

    def acknowledge(self, listener: str, positions: dict[str, int]) -> None:
        """Notes that a listener does not need what precedes these sequence numbers."""
        for topic, position in positions.items():
            if topic in self._kept:
                self._unneeded += self._kept[topic].acknowledge(listener, position)

    def since(self, positions: dict[str, int]) -> Iterator[tuple[Frame, ...]]:
        """The messages on these topics from these sequence numbers on, in order."""
        topics = [(self._kept[topic], position) for topic, position in positions.items() if topic in self._kept]
        for _, _, frames in heapq.merge(*(kept.since(position, self.folder) for kept, position in topics)):
            yield frames

    def __len__(self) -> int:
        return sum(map(len, self._kept.values()))

    @property
    def bytes_in_memory(self) -> int:
        return sum(kept.bytes for kept in self._kept.values())

    def spill(self, durable: bool = True) -> None:
        """Moves topics with much in memory into files, before a checkpoint; they are safe when it returns."""
        for kept in self._kept.values():
            if self.folder and kept.bytes > SPILL_BYTES:
                self.folder.mkdir(exist_ok=True)
                kept.spill(self.folder / str(self._files + 1), self._files + 1, durable)
                self._files += 1

    def saved(self) -> None:
        """Deletes the files that neither the checkpoint just saved nor its predecessor needs."""
        for number in self._deletable:
            assert self.folder
            (self.folder / str(number)).unlink(missing_ok=True)
        self._deletable, self._unneeded = self._unneeded, []

    def state(self) -> dict[str, Any]:
        kept = {topic: kept.state() for topic, kept in self._kept.items()}
        return {"next": dict(self._next), "places": self._places, "kept": kept}

    def load(self, state: dict[str, Any]) -> None:
        self._next, self._places = state["next"], state["places"]
        for topic, kept in state["kept"].items():
            self._kept[topic].load(kept)
        self._take_up_files()

    def _take_up_files(self) -> None:
        """Finds the files that were written before a restart; those that no checkpoint counts can be deleted."""
        there = {int(path.name) for path in self.folder.glob("*") if path.name.isdigit()} if self.folder else set()
        self._files = max(there, default=0)
        self._unneeded = sorted(there - {file.number for kept in self._kept.values() for file in kept.files})
