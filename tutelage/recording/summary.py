"""A recording's summary: topics, counts, rates, times, losses, damage."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tutelage.input.problems import printable
from tutelage.message import is_promise
from tutelage.output import date, table
from tutelage.recording.reader import Reader, Recorded


class TopicRow(NamedTuple):
    """A topic of a sender. `lost` counts the numbers that are missing between its first and last message.

    Promises have numbers, too, but do not count as messages.
    """

    topic: str
    type: str
    sender: str
    messages: int
    rate_hz: float | None
    seconds: float
    kilobytes: float
    lost: int


@dataclass
class _Stream:
    first: Recorded
    number: int
    last: int = 0
    messages: int = 0
    bytes: int = 0
    lost: int = 0

    def add(self, recorded: Recorded, number: int, promise: bool) -> None:
        self.messages += not promise
        self.bytes += len(recorded.body)
        self.lost += number - self.number
        self.number, self.last = number + 1, recorded.received

    def row(self) -> TopicRow:
        seconds = (self.last - self.first.received) / 1e9
        rate = (self.messages - 1) / seconds if seconds and self.messages else None
        first = self.first
        return TopicRow(
            first.topic, first.kind.__name__, first.sender, self.messages, rate, seconds, self.bytes / 1e3, self.lost
        )


class Summary:
    """A recording, read from end to end."""

    def __init__(self, path: Path) -> None:
        self.reader = Reader(path)
        self.size = path.stat().st_size
        streams: dict[tuple[str, str], _Stream] = {}
        first = last = 0
        for recorded in self.reader:
            header, fields = recorded.open()
            number = header.sequence
            stream = streams.setdefault((recorded.topic, recorded.sender), _Stream(recorded, number))
            stream.add(recorded, number, promise=is_promise(fields))
            first, last = first or recorded.received, max(last, recorded.received)
        self.rows = [stream.row() for _, stream in sorted(streams.items())]
        self.seconds = (last - first) / 1e9
        self.began = self._date(first)

    def _date(self, monotonic_ns: int) -> str:
        """The date of a moment of the recording's clock."""
        if not self.reader.about:
            return "unknown"
        about = self.reader.about[0]
        unix_ns = monotonic_ns + int(about["unix_ns"]) - int(about["monotonic_ns"])
        return str(date(unix_ns / 1e9))

    def as_json(self) -> str:
        reader = self.reader
        whole: dict[str, Any] = {
            "bytes": self.size,
            "began": self.began,
            "seconds": self.seconds,
            "closed": reader.closed,
            "topics": [row._asdict() for row in self.rows],
            "losses": [loss._asdict() for loss in reader.losses],
            "damages": [damage._asdict() for damage in reader.damages],
        }
        return json.dumps(whole, indent=2)

    def text(self) -> str:
        reader = self.reader
        ending = "closed" if reader.closed else "not closed: its recorder was killed, or is still writing"
        lines = [f"{reader.path}: {self.size / 1e6:.2f} MB, from {self.began} for {self.seconds:.1f} s, {ending}"]
        lines += [table(TopicRow._fields, self.rows)] if self.rows else []
        lines += [f"lost: {loss}" for loss in reader.losses]
        lines += [f"damage: {damage}" for damage in reader.damages]
        return printable("\n".join(lines))
