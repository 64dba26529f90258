"""The index of a recording, by which other programs seek in it: MCAP's message indexes, and the summary at its end.

It follows from the file's bytes alone, so a writer that goes on with a file finds it there. Only a file that is closed
in good order has a summary, and our own reader needs none. A file whose chunks lack message indexes gets none, too.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO

from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, ChunkIndex, Footer, Metadata, MetadataIndex, Schema, Statistics

from tutelage.recording.format import (
    COMPRESSION,
    DATA_END,
    ENCODING,
    ENDING,
    HEAD,
    MAGIC,
    Damaged,
    chunk_records,
    packed,
    read_chunk,
)

_CHUNK = struct.Struct("<QQQII4sQ")  # first and last time, size, checksum, and the compression and size of the data
_MESSAGE = struct.Struct("<HIQ")  # channel, number, time
_MESSAGE_INDEX = struct.Struct("<BQHI")  # opcode and length, channel, bytes of the entries


def message_indexes(records: bytes) -> dict[int, bytes]:
    """The message index of each channel that has messages in a chunk: a record with their times and places."""
    entries: dict[int, list[int]] = defaultdict(list)
    at = 0
    while at < len(records):
        opcode, length = HEAD.unpack_from(records, at)
        if opcode == Opcode.MESSAGE:
            channel, _, time = _MESSAGE.unpack_from(records, at + HEAD.size)
            entries[channel] += time, at
        at += HEAD.size + length
    return {
        channel: _MESSAGE_INDEX.pack(Opcode.MESSAGE_INDEX, 6 + 8 * len(numbers), channel, 8 * len(numbers))
        + struct.pack(f"<{len(numbers)}Q", *numbers)
        for channel, numbers in entries.items()
    }


class Index:
    """What is where in a file, as far as it was followed.

    Attributes:
        end: how many bytes that is.
        whole: whether all of it is known; if not, the file ends without a summary.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.end, self.whole = path, len(MAGIC), True
        self._schemas: dict[int, Schema] = {}
        self._channels: dict[int, Channel] = {}
        self._messages: Counter[int] = Counter()  # by channel
        self._counts: Counter[int] = Counter()  # chunks and metadata, by opcode
        self._times = 2**64 - 1, 0
        self._chunk: ChunkIndex | None = None  # the newest
        self._chunks, self._metadata = bytearray(), bytearray()

    def declare(self, topic: str, sender: str, name: str, schema: bytes) -> tuple[Schema, Channel]:
        """The schema and channel of messages, whose numbers mean the same in the whole file."""
        same = (one for one in self._schemas.values() if (one.data, one.name) == (schema, name))
        declared = next(same, None) or Schema(max(self._schemas, default=0) + 1, schema, "jsonschema", name)
        about = topic, {"sender": sender}, declared.id
        known = (one for one in self._channels.values() if (one.topic, one.metadata, one.schema_id) == about)
        channel = next(known, None) or Channel(max(self._channels, default=0) + 1, topic, ENCODING, *about[1:])
        self._schemas[declared.id], self._channels[channel.id] = declared, channel
        return declared, channel

    def follow(self, end: int) -> None:
        """Reads what the file has before `end`, where a record ends, and what was not read before."""
        with self._reading() as file:
            while self.whole and self.end < end:
                self._record(file)

    @contextmanager
    def _reading(self) -> Iterator[IO[bytes]]:
        """The file; where it cannot be read it has no index, and is no worse a recording."""
        try:
            with self.path.open("rb") as file:
                yield file
        except (OSError, struct.error, McapError, UnicodeDecodeError, Damaged):
            self.whole = False

    def _record(self, file: IO[bytes]) -> None:
        file.seek(self.end)
        opcode, length = HEAD.unpack(file.read(HEAD.size))
        if opcode == Opcode.CHUNK:
            self._begin(length, *_CHUNK.unpack(file.read(_CHUNK.size)))
        elif opcode == Opcode.MESSAGE_INDEX:
            self._add(file, length, *struct.unpack("<HI", file.read(6)))
        elif opcode == Opcode.METADATA:
            name = Metadata.read(ReadDataStream(BytesIO(file.read(length)))).name
            self._metadata += packed(MetadataIndex(self.end, HEAD.size + length, name))
        elif opcode != Opcode.HEADER:
            raise Damaged("a record that does not belong in a recording")
        self._counts[opcode] += 1
        self.end += HEAD.size + length

    def _begin(
        self, length: int, first: int, last: int, size: int, _crc: int, _name: int, _text: bytes, data: int
    ) -> None:
        """A chunk; its message indexes follow."""
        self._chunks += self._newest()
        self._chunk = ChunkIndex(HEAD.size + length, self.end, COMPRESSION, data, last, 0, {}, first, size)
        self._times = min(self._times[0], first), max(self._times[1], last)

    def _newest(self) -> bytes:
        if self._chunk is None:
            return b""
        self.whole = self.whole and bool(self._chunk.message_index_offsets)
        return packed(self._chunk)

    def _add(self, file: IO[bytes], length: int, channel: int, size: int) -> None:
        """A message index of the newest chunk."""
        if self._chunk is None:
            raise Damaged("a message index without its chunk")
        self._chunk.message_index_offsets[channel] = self.end
        self._chunk.message_index_length += HEAD.size + length
        self._messages[channel] += size // 16
        if channel not in self._channels:
            for record in read_chunk(self._content(file)):
                if isinstance(record, Schema):
                    self._schemas.setdefault(record.id, record)
                elif isinstance(record, Channel):
                    self._channels.setdefault(record.id, record)

    def _content(self, file: IO[bytes]) -> bytes:
        """The newest chunk."""
        assert self._chunk
        file.seek(self._chunk.chunk_start_offset + HEAD.size)
        return file.read(self._chunk.chunk_length - HEAD.size)

    def missing(self) -> bytes:
        """The message indexes that the newest chunk lacks, because a power cut tore what was written."""
        lacking = list[bytes]()
        with self._reading() as file:
            if self._chunk is not None:
                found, known = message_indexes(chunk_records(self._content(file))), self._chunk.message_index_offsets
                lacking = [index for channel, index in found.items() if channel not in known]
        return b"".join(lacking)

    def ending(self) -> bytes:
        """The end of the file: the summary, if all is known."""
        newest = self._newest()
        if not self.whole:
            return ENDING
        known = [*self._schemas.values(), *self._channels.values(), self._statistics()]
        summary = packed(*known) + self._chunks + newest + self._metadata
        start = self.end + len(DATA_END)
        checksum = zlib.crc32(summary + packed(Footer(start, 0, 0))[:-4])
        return DATA_END + summary + packed(Footer(start, 0, checksum)) + MAGIC

    def _statistics(self) -> Statistics:
        chunks, metadata = self._counts[Opcode.CHUNK], self._counts[Opcode.METADATA]
        first, last = self._times if chunks else (0, 0)
        return Statistics(
            0,
            len(self._channels),
            dict(self._messages),
            chunks,
            self._messages.total(),
            last,
            first,
            metadata,
            len(self._schemas),
        )
