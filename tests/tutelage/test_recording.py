"""What is in a recording is read back, and nothing else ever, wherever the file was cut or altered."""

import json
import struct
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
import zstandard
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Message as McapMessage
from mcap.stream_reader import StreamReader
from numpy.typing import NDArray

from tutelage import codec
from tutelage.codec import Header
from tutelage.message import FOREVER, Message, schema
from tutelage.recording import Reader, Writer, format
from tutelage.recording.continuation import go_on


class Joints(Message, cadence="step"):
    """arm -> those who look on: where it is."""

    angle: Annotated[NDArray[np.float32], "joints", "rad"]
    pixels: Annotated[NDArray[np.uint8], "n"]
    note: str


CHUNKS, EACH = 4, 3


def fields(number: int) -> list[Any]:
    angle = np.arange(3, dtype=np.float32) + number
    return [0, number, angle, np.full(5000, number, np.uint8), f"number {number}"]


def header(number: int, sender: str = "arm") -> Header:
    return Header("run", sender, 1, number, 1000 + number, 2000 + number)


def add(writer: Writer, number: int, values: list[Any] | None = None) -> None:
    writer.add("joints", schema(Joints), header(number), values or fields(number), 3000 + number)


def small(path: Path) -> None:
    """A recording of some chunks."""
    writer = Writer(path, {"user": "somebody"})
    for number in range(CHUNKS * EACH):
        add(writer, number)
        if number % EACH == EACH - 1:
            writer.flush()
    writer.close()


def records(path: Path) -> list[tuple[int, int, int]]:
    """Opcode, beginning and end of each record before the ending."""
    data, found, at = path.read_bytes(), list[tuple[int, int, int]](), len(format.MAGIC)
    while data[at] != Opcode.DATA_END:
        opcode, length = format.HEAD.unpack_from(data, at)
        found.append((opcode, at, at + format.HEAD.size + length))
        at = found[-1][2]
    return found


def read(path: Path) -> tuple[list[int], Reader]:
    """The numbers of the messages in a file, each of which must be what was written."""
    reader, numbers = Reader(path), []
    for recorded in reader:
        found, values = recorded.open()
        number = found.sequence
        assert found == header(number) and (recorded.received, recorded.captured) == (3000 + number, 1000 + number)
        assert codec.pack_state(values) == codec.pack_state(fields(number))
        assert (recorded.topic, recorded.sender) == ("joints", "arm")
        assert recorded.schema_text == json.dumps(schema(Joints)).encode()
        numbers.append(number)
    assert not reader.losses and all(about["user"] == "somebody" for about in reader.about)
    return numbers, reader


def by_mcap(path: Path) -> list[int]:
    """The numbers of the messages that mcap's own reader finds, streaming."""
    numbers = []
    with path.open("rb") as file:
        try:
            for record in StreamReader(file, validate_crcs=True).records:
                if isinstance(record, McapMessage):
                    numbers.append(record.sequence)
        except (McapError, struct.error, zstandard.ZstdError):  # where it was cut off
            return numbers
    assert read(path)[1].closed
    return numbers


def test_what_was_written_is_read(tmp_path):
    small(tmp_path / "a")
    numbers, reader = read(tmp_path / "a")
    assert numbers == list(range(CHUNKS * EACH)) == by_mcap(tmp_path / "a")
    assert reader.closed and not reader.damages
    message = next(iter(Reader(tmp_path / "a"))).build()
    assert type(message).__name__ == "Joints" and not isinstance(message, Joints)
    ours = [message for _, message in Reader(tmp_path / "a").of(Joints)]
    assert len(ours) == CHUNKS * EACH and all(isinstance(message, Joints) for message in ours)


def test_a_recording_cut_at_any_byte_is_read_as_far_as_its_chunks_are_whole(tmp_path):
    small(tmp_path / "a")
    whole, parts = (tmp_path / "a").read_bytes(), records(tmp_path / "a")
    ends = [end for opcode, _, end in parts if opcode == Opcode.CHUNK]
    cut = tmp_path / "cut"
    for size in range(len(whole)):
        cut.write_bytes(whole[:size])
        numbers, reader = read(cut)
        assert numbers == list(range(EACH * sum(end <= size for end in ends)))
        assert by_mcap(cut) == numbers if size > len(format.MAGIC) else numbers == []
        assert not reader.closed
        assert bool(reader.damages) == (size not in [len(format.MAGIC), *(end for _, _, end in parts)])


@pytest.mark.parametrize("bits", [0xFF, pytest.param("all", marks=pytest.mark.slow)])
def test_any_flipped_byte_is_noticed_or_harmless(tmp_path, bits):
    small(tmp_path / "a")
    whole, everything = (tmp_path / "a").read_bytes(), list(range(CHUNKS * EACH))
    chunks = [range(start, end) for opcode, start, end in records(tmp_path / "a") if opcode == Opcode.CHUNK]
    for at in range(len(whole)):
        for flip in [1 << bit for bit in range(8)] if bits == "all" else [bits]:
            (tmp_path / "b").write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
            numbers, reader = read(tmp_path / "b")
            hit = next((i for i, chunk in enumerate(chunks) if at in chunk), None)
            kept = [number for number in everything if number // EACH != hit]
            assert numbers == (kept if reader.damages else everything), at
            assert reader.about or at >= len(format.BEGINNING), "metadata are found behind a damaged beginning"
            assert reader.damages or (numbers == everything and reader.closed and reader.about)


def test_what_is_written_is_there_before_the_file_is_closed(tmp_path):
    writer = Writer(tmp_path / "a", {"user": "somebody"})
    assert read(tmp_path / "a")[0] == []
    add(writer, 0)
    assert writer.due < float("inf")
    writer.flush()
    numbers, reader = read(tmp_path / "a")
    assert numbers == [0] == by_mcap(tmp_path / "a") and not reader.closed and reader.end == writer.end
    writer.close()


def test_a_message_that_is_there_is_not_written_twice_and_one_that_never_came_is_stated(tmp_path):
    writer = Writer(tmp_path / "a", {"user": "somebody"})
    for number in (0, 1, 1, 0, 5):
        add(writer, number)
    writer.close()
    reader = Reader(tmp_path / "a")
    assert [recorded.open()[0].sequence for recorded in reader] == [0, 1, 5]
    assert reader.losses == [format.Loss("joints", "arm", 2, 3, "missed")] and writer.lost == {"joints": 3}


def test_a_loss_that_was_stated_after_the_last_checkpoint_is_not_stated_again(tmp_path):
    path = tmp_path / "a"
    writer = Writer(path, {})
    for number in (0, 1, 5):
        add(writer, number)
    checkpoint = writer.end, dict(writer.following), list(writer.unstated.values())
    writer.close()
    again = go_on(path, {}, *checkpoint)
    for number in (5, 6):
        add(again, number)
    again.close()
    reader = Reader(path)
    assert [recorded.open()[0].sequence for recorded in reader] == [0, 1, 5, 6]
    assert reader.losses == [format.Loss("joints", "arm", 2, 3, "missed")]


def test_a_promise_is_recorded_and_comes_back_as_one(tmp_path):
    writer = Writer(tmp_path / "a", {})
    add(writer, 0, [FOREVER, 0])
    writer.close()
    assert type(next(iter(Reader(tmp_path / "a"))).build()).__name__ == "Promise"


def test_what_is_no_recording_is_damage(tmp_path):
    for content in (b"", b"x", b"nothing of ours" * 100_000):
        (tmp_path / "a").write_bytes(content)
        numbers, reader = read(tmp_path / "a")
        assert numbers == [] and bool(reader.damages) == bool(content or not reader.closed)
