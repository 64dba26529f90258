"""A recording that was closed in good order is sought in by its index, also one that was killed and continued."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from mcap.opcode import Opcode
from mcap.reader import SeekingReader

from tests.tutelage.test_recording import Joints, fields, header
from tutelage.codec import unpack_message
from tutelage.message import schema
from tutelage.recording import Reader, Writer, format
from tutelage.recording.continuation import go_on, undo

OLD = Path(__file__).parents[1] / "recordings" / "without_indexes.mcap"
"""A recording whose chunks have no message indexes."""


class Counted(io.BufferedReader):
    """A file that counts the bytes that are read of it."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


def add(writer: Writer, number: int, sender: str = "arm", topic: str = "joints") -> None:
    noise = np.random.default_rng(number).integers(0, 255, 300, np.uint8)
    writer.add(topic, schema(Joints), header(number, sender), [*fields(0)[:3], noise, ""], 3000 + number)


def filled(path: Path, numbers: range) -> Writer:
    """A writer that has written these messages, three to a chunk."""
    writer = Writer(path, {"user": "somebody"})
    for number in numbers:
        add(writer, number)
        if number % 3 == 2:
            writer.flush()
    writer.flush()
    return writer


def sought(path: Path, first: int | None = None, before: int | None = None) -> list[tuple[str, str, int]]:
    """Topic, sender and number of the messages that mcap's reader finds by the index.

    Each must be of the topic and sender that its own header names.
    """
    with path.open("rb") as file:
        reader, found = SeekingReader(file, validate_crcs=True), []
        assert reader.get_summary() is not None
        for declared, channel, message in reader.iter_messages(starting_at=first, ending_before=before):
            assert declared and declared.name == "Joints"
            assert channel.metadata["sender"] == unpack_message(message.data)[0].sender
            found.append((channel.topic, channel.metadata["sender"], message.sequence))
    return found


def test_a_moment_is_found_without_reading_the_rest(tmp_path):
    filled(tmp_path / "a", range(600)).close()
    size = (tmp_path / "a").stat().st_size
    with Counted(io.FileIO(tmp_path / "a")) as file:
        found = [one.sequence for *_, one in SeekingReader(file).iter_messages(starting_at=3300, ending_before=3312)]
        assert found == list(range(300, 312))
        assert file.count < size / 5
    assert [number for *_, number in sought(tmp_path / "a")] == list(range(600))


def test_the_summary_says_what_is_in_the_file(tmp_path):
    writer = filled(tmp_path / "a", range(9))
    add(writer, 9, "leg")
    add(writer, 20)
    writer.close()
    with (tmp_path / "a").open("rb") as file:
        summary = SeekingReader(file).get_summary()
        assert [one.name for one in SeekingReader(file).iter_metadata()] == ["recording", "loss"]
    assert summary and summary.statistics
    said = summary.statistics
    assert said.channel_message_counts == {1: 10, 2: 1} and (said.message_count, said.chunk_count) == (11, 4)
    assert (said.message_start_time, said.message_end_time) == (3000, 3020)
    assert (said.channel_count, said.schema_count, said.metadata_count) == (2, 1, 2)
    assert {channel.metadata["sender"] for channel in summary.channels.values()} == {"arm", "leg"}


def test_message_indexes_lead_to_their_messages(tmp_path):
    """Lichtblick and Foxglove read single messages by them."""
    filled(tmp_path / "a", range(9)).close()
    data = (tmp_path / "a").read_bytes()
    with (tmp_path / "a").open("rb") as file:
        summary = SeekingReader(file).get_summary()
    assert summary
    for i, chunk in enumerate(summary.chunk_indexes):
        (at,) = chunk.message_index_offsets.values()
        index = np.frombuffer(data[at + format.HEAD.size + 6 : at + chunk.message_index_length], np.uint64)
        held = format.chunk_records(data[chunk.chunk_start_offset + 9 : chunk.chunk_start_offset + chunk.chunk_length])
        for time, place in index.reshape(-1, 2).tolist():
            opcode, _ = format.HEAD.unpack_from(held, place)
            assert opcode == Opcode.MESSAGE and int.from_bytes(held[place + 15 : place + 23], "little") == time
        assert index[::2].tolist() == [3000 + number for number in range(3 * i, 3 * i + 3)]


@pytest.mark.parametrize("closed", [False, True])
def test_a_recording_that_goes_on_is_indexed_as_one(closed, tmp_path):
    """Who speaks first after the restart had another channel before it, and the old summary is gone."""
    writer = filled(tmp_path / "a", range(10))
    add(writer, 10, "leg")
    writer.flush()
    if closed:
        writer.close()
    writer._file.close()  # as a kill does
    again = go_on(tmp_path / "a", {"user": "somebody"}, 0, {})
    for number in range(11, 20):
        add(again, number, "leg")
        add(again, number, "head", "pose")
    add(again, 10)
    again.close()
    everything = [(recorded.topic, recorded.sender, recorded.open()[0].sequence) for recorded in Reader(tmp_path / "a")]
    assert sorted(sought(tmp_path / "a")) == sorted(everything) and len(everything) == 30
    assert [one[2] for one in sought(tmp_path / "a", 3011, 3013)] == [11, 11, 12, 12]
    assert (tmp_path / "a").read_bytes().count(format.DATA_END) == 1
    assert closes(tmp_path / "a")


def closes(path: Path) -> bool:
    reader = Reader(path)
    list(reader)
    return reader.closed and not reader.damages


def test_an_early_end_that_is_undone_leaves_no_index(tmp_path):
    writer = filled(tmp_path / "a", range(6))
    checkpoint = writer.end, dict(writer.following)
    add(writer, 6, "leg")
    writer.close()
    again = undo(tmp_path / "a", {}, *checkpoint)
    add(again, 6)
    again.close()
    assert sought(tmp_path / "a") == [("joints", "arm", number) for number in range(7)]


def test_wherever_a_power_cut_tore_it_the_continued_file_is_indexed(tmp_path):
    writer = filled(tmp_path / "a", range(3))
    start = writer.end
    for number in range(3, 6):
        add(writer, number)
        add(writer, number, "leg")
    writer.flush()
    writer._file.close()  # as a kill does
    whole = (tmp_path / "a").read_bytes()
    indexes = len(whole) - 2 * (format.HEAD.size + 6 + 3 * 16)
    for size in (*range(start, indexes, 50), *range(indexes, len(whole) + 1, 3)):
        (tmp_path / "b").write_bytes(whole[:size])
        again = go_on(tmp_path / "b", {"user": "somebody"}, 0, {})
        for number in range(3, 7):
            add(again, number)
            add(again, number, "leg")
        again.close()
        assert closes(tmp_path / "b")
        assert sorted(sought(tmp_path / "b")) == [("joints", "arm", number) for number in range(7)] + [
            ("joints", "leg", number) for number in range(3, 7)
        ]


def test_a_recording_without_message_indexes_goes_on_without_a_summary(tmp_path, capfd):
    shutil.copy(OLD, tmp_path / "a")
    before = [recorded.body for recorded in Reader(OLD)]
    again = go_on(tmp_path / "a", {}, 0, {})
    add(again, 0, "leg")
    again.close()
    assert "gets no summary" in capfd.readouterr().err
    assert [recorded.body for recorded in Reader(tmp_path / "a")][:-1] == before and closes(tmp_path / "a")
    with (tmp_path / "a").open("rb") as file:
        assert SeekingReader(file).get_summary() is None


def test_a_loss_that_is_stated_at_the_end_does_not_move_the_summary(tmp_path):
    writer = filled(tmp_path / "a", range(6))
    writer.skip(("arm", "joints"), 9)
    writer.close()
    assert closes(tmp_path / "a") and len(sought(tmp_path / "a")) == 6


def test_an_altered_summary_is_noticed(tmp_path):
    filled(tmp_path / "a", range(6)).close()
    whole = (tmp_path / "a").read_bytes()
    for at in range(whole.rindex(format.DATA_END), len(whole)):
        (tmp_path / "a").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert not closes(tmp_path / "a"), at
