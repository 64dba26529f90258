"""The format of a recording: an MCAP file (mcap.dev/spec) without an index, so that it is whole wherever it ends.

    magic, header, metadata, chunk, chunk, ..., [metadata, chunk, ...], [ending]

Each chunk has its own checksum and repeats the schemas and channels of its messages: it can be read alone. There is a
channel for each topic of each sender; a message's body is the msgpack array of docs/wire.md with all arrays inside.
Metadata named `recording` say where and when it was made, those named `loss` what is missing; MCAP gives metadata no
checksum, so they bear their own.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import NamedTuple

import zstandard
from mcap.data_stream import ReadDataStream, RecordBuilder
from mcap.exceptions import McapError
from mcap.records import Chunk, DataEnd, Footer, Header, McapRecord, Metadata
from mcap.stream_reader import breakup_chunk

from tutelage.files.unpacking import RATIO, most_bytes

MAGIC = b"\x89MCAP0\r\n"
PROFILE = "tutelage"
ENCODING = "msgpack"
COMPRESSION = "zstd"
METADATA = ("recording", "loss")
"""The names of metadata."""

CLOCKS = ("monotonic_ns", "unix_ns")
"""What the metadata `recording` always say: one moment on both clocks, since all stamps are of the monotonic one."""

_BROKEN = (struct.error, UnicodeDecodeError, OverflowError, McapError, zstandard.ZstdError)
"""What reading a record raises that is none."""

MAX_CHUNK = 2**30
"""Bytes that a chunk's records have at most. It holds more than the writer's measure only for a message that does."""


class Loss(NamedTuple):
    """Messages that a recording should have and has not: so many, from number `first` on."""

    topic: str
    sender: str
    first: int
    messages: int
    why: str

    def __str__(self) -> str:
        return f"{self.messages} of {self.topic} by {self.sender}, from number {self.first}: {self.why}"


class Damage(NamedTuple):
    """Bytes of a file that are nothing whole; `what` is a sentence's rest."""

    start: int
    bytes: int
    what: str

    def __str__(self) -> str:
        return f"byte {self.start}: {self.bytes} bytes cannot be read: {self.what}"


class Damaged(ValueError):
    """A record that is not what was written."""


def packed(*records: McapRecord) -> bytes:
    """Records as bytes."""
    builder = RecordBuilder()
    for record in records:
        record.write(builder)
    return bytes(builder.end())  # type: ignore[no-untyped-call]


BEGINNING = MAGIC + packed(Header(PROFILE, PROFILE))
ENDING = packed(DataEnd(0), Footer(0, 0, 0)) + MAGIC


def metadata(name: str, values: Mapping[str, str]) -> bytes:
    """A metadata record that bears its own checksum."""
    return packed(Metadata(name, {**values, "crc32": _checksum(name, values)}))


def _checksum(name: str, values: Mapping[str, str]) -> str:
    return f"{zlib.crc32(json.dumps([name, dict(values)], sort_keys=True).encode()):08x}"


def read_metadata(content: bytes) -> Metadata:
    """A metadata record's content, without its checksum.

    Raises:
        Damaged: it is not what was written.
    """
    stream = ReadDataStream(BytesIO(content))
    try:
        found = Metadata.read(stream)
    except _BROKEN as error:
        raise Damaged("metadata that are none") from error
    if stream.count != len(content) or found.metadata.pop("crc32", "") != _checksum(found.name, found.metadata):
        raise Damaged("metadata with a wrong checksum")
    return found


def chunk(records: bytes, times: tuple[int, int], compressor: zstandard.ZstdCompressor) -> bytes:
    """A chunk record of records; `times` are the least and greatest of its messages [ns].

    Zeros lie behind one that is smaller than most_bytes asks for, as of a large black image: else it were not read.
    """
    data = compressor.compress(records)
    if len(records) > most_bytes(len(data)):
        data = data.ljust(-(-len(records) // RATIO), b"\0")
    return packed(Chunk(COMPRESSION, data, times[1], times[0], zlib.crc32(records), len(records)))


def read_chunk(content: bytes) -> list[McapRecord]:
    """The records in a chunk record's content.

    Raises:
        Damaged: it is not what was written.
    """
    stream = ReadDataStream(BytesIO(content))
    try:
        found = Chunk.read(stream)
        if stream.count != len(content) or found.compression != COMPRESSION:
            raise Damaged("a chunk that is none")
        if zstandard.frame_content_size(found.data) != found.uncompressed_size:
            raise Damaged("a chunk of another size than it says")
        if found.uncompressed_size > min(MAX_CHUNK, most_bytes(len(found.data))):
            raise Damaged(f"a chunk of {len(found.data)} bytes that unpacks to {found.uncompressed_size}")
        found.data, found.compression = zstandard.decompress(found.data), ""
        if zlib.crc32(found.data) != found.uncompressed_crc:  # the library takes 0 for `not known`
            raise Damaged("a chunk with a wrong checksum")
        return breakup_chunk(found)
    except _BROKEN as error:
        raise Damaged("a chunk that is none") from error
