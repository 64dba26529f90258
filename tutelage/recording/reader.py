"""Reads every whole chunk of a recording, also of a file that was cut or altered, and nothing else."""

from __future__ import annotations

import errno
import json
import os
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mcap.opcode import Opcode
from mcap.records import Channel, McapRecord, Message, Metadata, Schema

from tutelage import codec, message
from tutelage.codec import Header
from tutelage.files.unpacking import FREE_BYTES
from tutelage.foreign import message_type
from tutelage.input.problems import Problem, Refusal
from tutelage.message import build, fingerprint, is_promise
from tutelage.recording import format
from tutelage.recording.format import HEAD, Damage, Damaged, Loss, read_chunk, read_metadata

_MARKS = {
    struct.pack("<I4s", len(format.COMPRESSION), format.COMPRESSION.encode()): HEAD.size + 8 + 8 + 8 + 4,
    **{struct.pack("<I", len(name)) + name.encode(): HEAD.size for name in format.METADATA},
}
"""Bytes that chunks and metadata contain, and their offset in the record: by these, records are found after damage."""

_MARK, _LONGEST = re.compile(b"|".join(map(re.escape, _MARKS))), max(map(len, _MARKS))
_LEAST_BLOCK, _BLOCK = 2**12, 2**20

TRIES = 16
"""How many times a file's size is read to find whole records. A malicious file of record heads would need more."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A message of a recording. Times are nanoseconds of the monotonic clock of the machine that recorded it.

    `captured` is from its header, where our nodes put the time of publishing.
    """

    topic: str
    sender: str
    received: int
    captured: int
    body: bytes
    schema_text: bytes

    @property
    def kind(self) -> type[message.Message]:
        """The recorded message type, made from its schema in the file."""
        return _kind(self.schema_text)

    def open(self) -> tuple[Header, list[Any]]:
        """The header, and the fields in declared order; only two fields are a promise (docs/wire.md).

        Raises:
            Refusal: the bytes are as they were written, but are not a message.
        """
        try:
            header, fields = codec.unpack_message(self.body)
        except codec.Malformed as error:
            raise self._senseless(str(error)) from error
        if [type(value) for value in fields[:2]] != [int, int]:
            raise self._senseless("it does not begin with its rollout and step")
        return header, fields

    def build(self, kind: type[message.Message] | None = None) -> message.Message:
        """The message, of the recorded type, or of `kind` if that has the same fields.

        Raises:
            Refusal: it has other fields, or is not a message.
        """
        fields = self.open()[1]
        try:
            return build(kind or self.kind, fields)
        except TypeError as error:
            raise self._senseless(str(error)) from error

    def _senseless(self, why: str) -> Refusal:
        return Refusal([Problem(f"{self.topic} of {self.sender}", f"what was recorded is not a message: {why}")])


@lru_cache(maxsize=256)
def _kind(schema_text: bytes) -> type[message.Message]:
    """The message type of a schema.

    Raises:
        Damaged: the schema is not one.
    """
    try:
        return message_type(json.loads(schema_text))
    except (ValueError, RecursionError) as error:
        raise Damaged(f"an unreadable schema: {error}") from error


class Reader:
    """The messages of a recording in the order they were received. Reading them sets the attributes.

    Attributes:
        about: its metadata, newest last: one for each start of the recorder.
        losses: the losses that it states.
        damages: where it cannot be read. Damage at the end of the file is what a crash leaves.
        closed: whether it was ended in good order.
        end: the end of the last whole record in bytes, without the ending: writing can continue there.
    """

    def __init__(self, path: Path, start: int = 0) -> None:
        self.path, self.end, self.closed = path, start, False
        self.about: list[dict[str, str]] = []
        self.losses: list[Loss] = []
        self.damages: list[Damage] = []

    def __iter__(self) -> Iterator[Recorded]:
        with self.path.open("rb") as self._file:
            self._size = os.fstat(self._file.fileno()).st_size
            self._tries = TRIES * self._size + FREE_BYTES
            at = self.end or self._beginning()
            while at < self._size and not self.closed:
                try:
                    records, following = self._record(at)
                    self._note(records)
                    messages = _messages(records)
                except Damaged as damaged:
                    following = self._next_whole(at + 1)
                    self.damages.append(Damage(at, following - at, str(damaged)))
                else:
                    self.end = at if self.closed else following
                    yield from messages
                at = following

    def of(self, *kinds: type[message.Message]) -> Iterator[tuple[Recorded, message.Message]]:
        """The messages of these types. A message that was recorded with other fields has its recorded type."""
        same = {kind.__name__: (kind, fingerprint(kind)) for kind in kinds}
        for recorded in self:
            kind, mark = same.get(recorded.kind.__name__, (None, ""))
            if kind and not is_promise(recorded.open()[1]):
                yield recorded, recorded.build(kind if fingerprint(recorded.kind) == mark else None)

    def _beginning(self) -> int:
        if self._read(0, len(format.MAGIC)) != format.MAGIC:
            self.damages.append(Damage(0, min(len(format.MAGIC), self._size), "this is not an MCAP file's beginning"))
        return len(format.MAGIC)

    def _read(self, at: int, size: int) -> bytes:
        self._file.seek(at)
        return self._file.read(size)

    def _record(self, at: int) -> tuple[list[McapRecord], int]:
        """The metadata, or the records of the chunk, at this place, if any; and the place after it."""
        head = self._read(at, HEAD.size)
        opcode, length = HEAD.unpack(head.ljust(HEAD.size, b"\0"))  # a part of one ends the file
        following = at + HEAD.size + length
        if following > self._size:
            raise Damaged("the file ends inside a record")
        if length > format.MAX_RECORD:
            raise Damaged(f"a record of {length} bytes, which is longer than any that is written")
        content = self._read(at + HEAD.size, length)
        if opcode == Opcode.CHUNK:
            return read_chunk(content), following
        if opcode == Opcode.METADATA:
            return [read_metadata(content)], following
        if at == len(format.MAGIC):
            if head + content != format.BEGINNING[at:]:
                raise Damaged("this is not the beginning of a recording")
        elif opcode == Opcode.MESSAGE_INDEX:
            format.check_message_index(content)
        elif format.is_ending(self._file, at, self._size):
            self.closed = True
        elif opcode == Opcode.DATA_END:
            raise Damaged("the summary at its end is not whole; it has no messages")
        else:
            raise Damaged("a record that does not belong in a recording")
        return [], following

    def _note(self, records: list[McapRecord]) -> None:
        """Notes the contents of metadata."""
        if len(records) != 1 or not isinstance(found := records[0], Metadata):
            return
        values = found.metadata
        try:
            if found.name == "loss":
                first, messages = int(values["first"]), int(values["messages"])
                self.losses.append(Loss(values["topic"], values["sender"], first, messages, values["why"]))
            else:
                self.about.append({**values, **{clock: str(int(values[clock])) for clock in format.CLOCKS}})
        except (KeyError, ValueError) as error:
            raise Damaged(f"metadata without the values that they need: {error}") from error

    def _next_whole(self, at: int) -> int:
        """The place of the next whole chunk or metadata; the end of the file if there is none, or after TRIES."""
        search, size = self._data(at), _LEAST_BLOCK  # what follows is often near, and blocks are read again
        while block := self._read(search, size):
            for found in _MARK.finditer(block):
                start = search + found.start() - _MARKS[found[0]]
                if start >= at and self._is_whole(start):
                    return start
            search, size = self._data(search + max(len(block) - _LONGEST + 1, 1)), min(2 * size, _BLOCK)
        return self._size

    def _data(self, at: int) -> int:
        """The next place that is in no hole: a small file can have terabytes of these, and reads them as zeros."""
        try:
            return self._file.seek(at, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:  # there is none
                raise
            return self._size

    def _is_whole(self, at: int) -> bool:
        """Whether there is a whole chunk or metadata record, by its checksum."""
        head = self._read(at, HEAD.size)
        if len(head) < HEAD.size or head[0] not in (Opcode.CHUNK, Opcode.METADATA) or self._tries < 0:
            return False
        self._tries -= HEAD.unpack(head)[1]
        try:
            self._record(at)
        except Damaged:
            return False
        return True


def _messages(records: Iterable[McapRecord]) -> list[Recorded]:
    """The messages of a chunk.

    Raises:
        Damaged: it lacks a schema or channel that they need.
    """
    schemas: dict[int, bytes] = {}
    channels: dict[int, tuple[str, str, bytes]] = {}
    found = []
    try:
        for record in records:
            if isinstance(record, Message):
                topic, sender, schema_text = channels[record.channel_id]
                found.append(Recorded(topic, sender, record.log_time, record.publish_time, record.data, schema_text))
            elif isinstance(record, Channel):
                channels[record.id] = record.topic, record.metadata["sender"], schemas[record.schema_id]
                _kind(schemas[record.schema_id])
            elif isinstance(record, Schema):
                schemas[record.id] = record.data
    except KeyError as error:
        raise Damaged(f"a chunk without the channel, sender or schema {error}") from error
    return found
