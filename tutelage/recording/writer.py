"""Writes a recording so that a kill loses only the last CHUNK_SECONDS, and a full disk only what it must.

Messages are collected in a chunk, which is written in one piece when it is old or large enough. Written bytes are never
changed. A chunk that cannot be written is lost: that is reported on standard error at once, counted, and stated in the
file before the next chunk.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import zstandard
from mcap.data_stream import RecordBuilder
from mcap.records import Channel, Message, Schema

from tutelage import codec
from tutelage.codec import Header
from tutelage.input.problems import complain
from tutelage.recording.format import BEGINNING, Loss, chunk, metadata
from tutelage.recording.index import Index, message_indexes

CHUNK_SECONDS = 0.03
CHUNK_BYTES = 2**20
ZSTD_LEVEL = 1

Stream = tuple[str, str]
"""(sender, topic)"""


def about_run(folder: Path) -> dict[str, str]:
    """What a recording says about the run in this folder: its `run` and `graph` in JSON, if they are there."""
    files = [folder / name for name in ("run.json", "graph.json")]
    return {file.stem: file.read_text(errors="replace") for file in files if file.exists()}


class Writer:
    """A recording that is being written.

    Args:
        path: the file; it is made, or continued.
        about: texts about the run, for a metadata record where writing begins.
        end: the bytes of the file that are kept; the rest is cut off.
        following: the next number of each stream; earlier messages are in the file, or in `unstated`.
        unstated: losses that are not stated in the file yet.
    """

    def __init__(
        self,
        path: Path,
        about: Mapping[str, str],
        end: int = 0,
        following: Mapping[Stream, int] | None = None,
        unstated: Iterable[Loss] = (),
    ) -> None:
        self.path, self.end = path, end
        self.following = dict(following or {})
        self.unstated = {(loss.sender, loss.topic): loss for loss in unstated}
        self.lost: Counter[str] = Counter()
        """messages that could not be written or never arrived, by topic"""
        self.error = ""
        """why the file cannot be written at the moment"""
        self._file = path.open("r+b" if path.exists() else "xb", buffering=0)
        self._file.truncate(end)
        self.index = Index(path)
        self.index.follow(end)
        self._owed = (self.index.missing() if end else BEGINNING) + metadata("recording", {**about, **_clock()})
        self._channels: dict[Stream, tuple[Schema, Channel]] = {}
        self._compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        self._begin()
        self._write(b"")

    def _begin(self) -> None:
        """Begins a new chunk."""
        self._records = RecordBuilder()
        self._counts: dict[Stream, list[int]] = {}  # first number and count of the messages in this chunk
        self._schemas_here: set[int] = set()
        self._times = 2**63, 0
        self.due = math.inf
        """when the chunk must be written, in seconds of the monotonic clock"""

    def add(self, topic: str, schema: Mapping[str, Any], header: Header, fields: Sequence[Any], received: int) -> None:
        """Adds a message that was received at this monotonic time [ns]; drops it if it is in the file already."""
        stream, number = (header.sender, topic), header.sequence
        if number < self.following.setdefault(stream, number):
            return
        self.skip(stream, number)
        self.following[stream] = number + 1
        self._note(stream, schema, number)
        body = codec.pack_message(header, fields)
        channel = self._channels[stream][1].id
        Message(channel, received, body, header.captured, number & 0xFFFFFFFF).write(self._records)
        self._times = min(self._times[0], received), max(self._times[1], received)
        if self._records.count >= CHUNK_BYTES:
            self.flush()

    def skip(self, stream: Stream, following: int) -> None:
        """Counts as lost the messages before this number of a stream that are not in the file."""
        (sender, topic), expected = stream, self.following.get(stream, 0)
        if following > expected:
            self._lose(Loss(topic, sender, expected, following - expected, "missed"))
            self.following[stream] = following

    def _note(self, stream: Stream, schema: Mapping[str, Any], number: int) -> None:
        """Counts a message of the chunk, and writes the schema and channel before a stream's first."""
        if stream in self._counts:
            self._counts[stream][1] += 1
            return
        if not self._counts:
            self.due = time.monotonic() + CHUNK_SECONDS
        self._counts[stream] = [number, 1]
        declared, channel = self._channels.get(stream) or self._declare(stream, schema)
        if declared.id not in self._schemas_here:
            self._schemas_here.add(declared.id)
            declared.write(self._records)
        channel.write(self._records)

    def _declare(self, stream: Stream, schema: Mapping[str, Any]) -> tuple[Schema, Channel]:
        sender, topic = stream
        self._channels[stream] = self.index.declare(topic, sender, schema["title"], json.dumps(schema).encode())
        return self._channels[stream]

    def flush(self) -> None:
        """Hands all messages to the operating system, where they survive this process."""
        if not self._counts:
            return
        records = self._records.end()  # type: ignore[no-untyped-call]
        record = chunk(records, self._times, self._compressor) + b"".join(message_indexes(records).values())
        if not self._write(record):
            for (sender, topic), (first, count) in self._counts.items():
                self._lose(Loss(topic, sender, first, count, self.error))
        self._begin()

    def _lose(self, loss: Loss) -> None:
        self.lost[loss.topic] += loss.messages
        before = self.unstated.get((loss.sender, loss.topic), loss._replace(messages=0))
        self.unstated[loss.sender, loss.topic] = before._replace(messages=before.messages + loss.messages)

    def _write(self, record: bytes) -> bool:
        """Appends metadata that are owed and a record, all or nothing; returns whether that succeeded."""
        losses = [metadata("loss", {k: str(v) for k, v in loss._asdict().items()}) for loss in self.unstated.values()]
        data = memoryview(b"".join([self._owed, *losses, record]))
        written = 0
        try:
            while written < len(data):
                written += os.pwrite(self._file.fileno(), data[written:], self.end + written)
        except OSError as error:
            if not self.error:
                complain(f"{self.path} cannot be written, so new messages are lost: {error}")
            self.error = str(error)
            self._file.truncate(self.end)
            return False
        if self.error:
            complain(f"{self.path} can be written again")
        self.end += written
        self._owed, self.unstated, self.error = b"", {}, ""
        self.index.follow(self.end)
        return True

    def sync(self) -> None:
        """Flushes the file to the disk, where it survives a power cut."""
        if not self._file.closed:
            os.fsync(self._file)

    def close(self) -> None:
        """Writes the rest and the ending."""
        self.flush()
        if self._write(b""):  # what is owed, so that the ending knows its place
            ending = self.index.ending()
            if not self.index.whole:
                complain(
                    f"{self.path} gets no summary, since chunks in it lack their index: other programs cannot seek"
                )
            self._write(ending)
        self.sync()
        self._file.close()


def _clock() -> dict[str, str]:
    """One moment on both clocks: all stamps are of the monotonic one."""
    return {"monotonic_ns": str(time.monotonic_ns()), "unix_ns": str(time.time_ns())}
