"""The format of a recording: an MCAP file (mcap.dev/spec) that is readable wherever it ends.

    magic, header, metadata, chunk, message indexes, chunk, message indexes, ..., [metadata, chunk, ...], [ending]

Each chunk has a checksum and repeats the schemas and channels of its messages, so it can be read alone. Other programs
seek by the message indexes and by the summary in the ending (`index`). Each topic of
each sender has a channel; a message's body is the msgpack array of docs/wire.md with all arrays inside. Metadata named
`recording` say where and when it was made, those named `loss` what is missing. MCAP gives metadata no checksum, so they
contain one.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import IO, NamedTuple

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
"""Always in the metadata `recording`: one moment on both clocks, because all stamps are of the monotonic clock."""

HEAD = struct.Struct("<BQ")
"""What each record begins with: its opcode, and the length of its content."""

_BROKEN = (struct.error, UnicodeDecodeError, OverflowError, McapError, zstandard.ZstdError)
"""The errors of reading bytes that are not a record."""

MAX_CHUNK = 2**30
"""The most bytes of a chunk's records. Only a single large message exceeds the writer's CHUNK_BYTES."""

MAX_RECORD = MAX_CHUNK + 2**24
"""The most bytes of a record, or of the summary: data that do not compress become a little longer."""


class Loss(NamedTuple):
    """Messages that a recording lacks: this many, from number `first` on."""

    topic: str
    sender: str
    first: int
    messages: int
    why: str

    def __str__(self) -> str:
        return f"{self.messages} of {self.topic} by {self.sender}, from number {self.first}: {self.why}"


class Damage(NamedTuple):
    """Bytes of a file that cannot be read; `what` says why."""

    start: int
    bytes: int
    what: str

    def __str__(self) -> str:
        return f"byte {self.start}: {self.bytes} bytes cannot be read: {self.what}"


class Damaged(ValueError):
    """Raised for a record that is not as it was written."""


def packed(*records: McapRecord) -> bytes:
    """Records as bytes."""
    builder = RecordBuilder()
    for record in records:
        record.write(builder)
    return bytes(builder.end())  # type: ignore[no-untyped-call]


BEGINNING = MAGIC + packed(Header(PROFILE, PROFILE))
DATA_END = packed(DataEnd(0))
ENDING = DATA_END + packed(Footer(0, 0, 0)) + MAGIC
"""The end of a file without a summary. One with a summary has it before the footer, which has its checksum."""


def is_ending(file: IO[bytes], at: int, size: int) -> bool:
    """Whether a file of this size ends in good order with what begins at this place."""
    file.seek(at)
    if size - at == len(ENDING):
        return file.read() == ENDING
    start, footer_at = at + len(DATA_END), size - len(ENDING) + len(DATA_END)
    if not 0 <= footer_at - start <= MAX_RECORD or file.read(len(DATA_END)) != DATA_END:
        return False
    footer = Footer(start, 0, 0)
    file.seek(footer_at)
    found, beginning = file.read(), packed(footer)[:-4]
    if not found.startswith(beginning):  # it belongs to another place: only one is worth a checksum
        return False
    file.seek(start)
    checksum, left = 0, footer_at - start
    while left and (block := file.read(min(left, 2**20))):
        checksum, left = zlib.crc32(block, checksum), left - len(block)
    footer.summary_crc = zlib.crc32(beginning, checksum)
    return found == packed(footer) + MAGIC


def metadata(name: str, values: Mapping[str, str]) -> bytes:
    """A metadata record that contains its checksum."""
    return packed(Metadata(name, {**values, "crc32": _checksum(name, values)}))


def _checksum(name: str, values: Mapping[str, str]) -> str:
    return f"{zlib.crc32(json.dumps([name, dict(values)], sort_keys=True).encode()):08x}"


def read_metadata(content: bytes) -> Metadata:
    """The metadata in a record's content, without the checksum.

    Raises:
        Damaged: it is not as it was written.
    """
    stream = ReadDataStream(BytesIO(content))
    try:
        found = Metadata.read(stream)
    except _BROKEN as error:
        raise Damaged("unreadable metadata") from error
    if stream.count != len(content) or found.metadata.pop("crc32", "") != _checksum(found.name, found.metadata):
        raise Damaged("metadata with a wrong checksum")
    return found


def chunk(records: bytes, times: tuple[int, int], compressor: zstandard.ZstdCompressor) -> bytes:
    """A chunk record with these records; `times` are the first and last of its messages [ns].

    Data that compress too well for most_bytes, for example a black image, are padded with zeros; else they would be
    refused by the reader.
    """
    data = compressor.compress(records)
    if len(records) > most_bytes(len(data)):
        data = data.ljust(-(-len(records) // RATIO), b"\0")
    return packed(Chunk(COMPRESSION, data, times[1], times[0], zlib.crc32(records), len(records)))


def check_message_index(content: bytes) -> None:
    """Refuses one whose two statements of its length differ: it could hide what follows.

    Raises:
        Damaged: they do.
    """
    if len(content) < 6 or struct.unpack_from("<I", content, 2)[0] != len(content) - 6:
        raise Damaged("an unreadable message index")


def read_chunk(content: bytes) -> list[McapRecord]:
    """The records in a chunk record's content.

    Raises:
        Damaged: it is not as it was written.
    """
    try:
        return breakup_chunk(_unpacked(content))
    except _BROKEN as error:
        raise Damaged("an unreadable chunk") from error


def chunk_records(content: bytes) -> bytes:
    """The records in a chunk record's content, as bytes. Raises as `read_chunk` does."""
    return _unpacked(content).data


def _unpacked(content: bytes) -> Chunk:
    stream = ReadDataStream(BytesIO(content))
    try:
        found = Chunk.read(stream)
        if stream.count != len(content) or found.compression != COMPRESSION:
            raise Damaged("an unreadable chunk")
        if zstandard.frame_content_size(found.data) != found.uncompressed_size:
            raise Damaged("a chunk with a wrong size")
        if found.uncompressed_size > min(MAX_CHUNK, most_bytes(len(found.data))):
            raise Damaged(f"a chunk of {len(found.data)} bytes that unpacks to {found.uncompressed_size}")
        found.data, found.compression = zstandard.decompress(found.data), ""
        if zlib.crc32(found.data) != found.uncompressed_crc:  # the library takes 0 for unknown
            raise Damaged("a chunk with a wrong checksum")
        return found
    except _BROKEN as error:
        raise Damaged("an unreadable chunk") from error
