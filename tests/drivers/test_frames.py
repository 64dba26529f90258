"""Framing on both lines: what is sent is found again, whatever else is on the line."""

from __future__ import annotations

import numpy as np
import pytest
from dynamixel_sdk import Protocol2PacketHandler
from hypothesis import given
from hypothesis import strategies as st

from tutelage.drivers.frames import LONGEST, Decoder, Frame, encode
from tutelage.drivers.rig.machine import PERFECT, Machine
from tutelage.drivers.rig.plants import CartPole
from tutelage.drivers.rig.protocol2 import HEADER, PAUSE_SECONDS, Parser, crc16, status, stuffed
from tutelage.drivers.rig.servos import Bus

FRAMES = st.builds(Frame, st.integers(1, 255), st.integers(0, 255), st.binary(max_size=LONGEST - 4))
PING = HEADER + b"\x01\x03\x00\x01\x19\x4e"  # from the maker's manual


@given(st.lists(FRAMES, min_size=1), st.binary(max_size=600), st.integers(1, 50))
def test_frames_are_found_after_noise_and_in_whatever_pieces_they_come(
    frames: list[Frame], noise: bytes, piece: int
) -> None:
    decoder = Decoder()
    list(decoder.feed(noise))
    line = b"".join(map(encode, frames))
    found = [frame for i in range(0, len(line), piece) for frame in decoder.feed(line[i : i + piece])]
    assert found[-len(frames) :] == frames


@given(FRAMES, st.data())
def test_a_frame_with_a_changed_bit_is_no_frame(frame: Frame, data: st.DataObject) -> None:
    line = bytearray(encode(frame))
    line[data.draw(st.integers(1, len(line) - 2))] ^= 1 << data.draw(st.integers(0, 7))
    assert frame not in list(Decoder().feed(bytes(line)))


def test_a_decoder_remembers_no_more_than_a_frame() -> None:
    decoder = Decoder()
    for _ in range(100):
        assert list(decoder.feed(b"\x01" * 10_000)) == []
    assert len(decoder._part) <= LONGEST + 2


def test_the_manuals_ping_is_answered() -> None:
    answer = HEADER + b"\x01\x07\x00\x55\x00\x06\x04\x2e"
    machine = Machine(CartPole(), PERFECT, 0.0)
    assert list(Bus(machine).hear(PING, 0.0)) == [answer + crc16(answer).to_bytes(2, "little")]


@given(st.binary(max_size=100))
def test_crc_and_stuffing_are_the_makers(data: bytes) -> None:
    assert crc16(data) == Protocol2PacketHandler().updateCRC(0, data, len(data))
    packet = list(status(1, 0, data))
    plain = Protocol2PacketHandler().removeStuffing(packet)
    assert bytes(plain[9 : 9 + len(data)]) == data
    assert HEADER[:3] not in stuffed(data).replace(HEADER[:3] + b"\xfd", b"")


@pytest.mark.parametrize("seed", range(3))
def test_after_random_bytes_a_bus_answers_the_second_ping_at_the_latest(seed: int) -> None:
    generator = np.random.default_rng(seed)
    parser, now = Parser(), 0.0
    for _ in range(330):
        noise = bytearray(generator.bytes(1000))
        for at in generator.integers(0, 990, 3):  # what random bytes hardly ever have: the beginning of a packet
            noise[at : at + 4] = HEADER
        list(parser.feed(bytes(noise), now))
        pings = []
        for _ in range(2):
            pings += list(parser.feed(PING, now))
            now += 2 * PAUSE_SECONDS
        assert 1 <= len(pings) <= 2


def test_a_packet_inside_what_only_looked_like_one_is_found_at_once() -> None:
    looks_like_one = HEADER + b"\x01\x09\x00\x01"  # nine bytes would follow the length, but a ping does
    assert [packet.code for packet in Parser().feed(looks_like_one + PING, 0.0)] == [1]


def test_a_packet_that_comes_byte_by_byte_is_found() -> None:
    parser = Parser()
    found = [packet for i, byte in enumerate(PING) for packet in parser.feed(bytes([byte]), i * PAUSE_SECONDS / 2)]
    assert [packet.code for packet in found] == [1]
