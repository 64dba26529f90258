"""Dynamixel Protocol 2.0 from the servo's side: finds packets in a stream of bytes, and makes status packets.

    FF FF FD 00 | id | length, 2 bytes | instruction | parameters | CRC-16, 2 bytes

https://emanual.robotis.com/docs/en/dxl/protocol2/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

HEADER = b"\xff\xff\xfd\x00"
LONGEST = 512
"""bytes after the length; a servo takes no more"""
PAUSE_SECONDS = 0.01
"""a silence inside a packet: the rest will not come"""


class Instruction(NamedTuple):
    """A host's instruction."""

    id: int
    code: int
    parameters: bytes


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x8005 if crc & 0x8000 else crc << 1
        table.append(crc & 0xFFFF)
    return table


_CRC = _crc_table()


def crc16(data: bytes) -> int:
    """CRC-16 with the polynomial 0x8005, nothing reflected, as in the protocol."""
    crc = 0
    for byte in data:
        crc = (crc << 8) & 0xFFFF ^ _CRC[crc >> 8 ^ byte]
    return crc


def stuffed(data: bytes) -> bytes:
    """Byte stuffing: no header inside a packet, so FF FF FD becomes FF FF FD FD."""
    return data.replace(HEADER[:3], HEADER[:3] + b"\xfd")


def status(servo: int, error: int, parameters: bytes = b"") -> bytes:
    """A servo's answer."""
    body = stuffed(bytes([0x55, error]) + parameters)
    packet = HEADER + bytes([servo]) + (len(body) + 2).to_bytes(2, "little") + body
    return packet + crc16(packet).to_bytes(2, "little")


class Parser:
    """Receives bytes, and returns the complete packets in them."""

    def __init__(self) -> None:
        self._buffer = b""
        self._last = 0.0

    def feed(self, data: bytes, now: float) -> Iterator[Instruction]:
        if now - self._last > PAUSE_SECONDS:
            self._buffer = b""
        self._buffer, self._last = self._buffer + data, now
        while (start := self._buffer.find(HEADER)) >= 0:
            self._buffer = self._buffer[start:]
            length = int.from_bytes(self._buffer[5:7], "little")
            if len(self._buffer) < 7:
                return
            if 3 <= length <= LONGEST:
                if len(self._buffer) < 7 + length:
                    return
                packet = self._buffer[: 7 + length]
                if crc16(packet[:-2]) == int.from_bytes(packet[-2:], "little"):
                    self._buffer = self._buffer[7 + length :]
                    body = packet[7:-2].replace(HEADER[:3] + b"\xfd", HEADER[:3])
                    yield Instruction(packet[4], body[0], body[1:])
                    continue
            self._buffer = self._buffer[1:]  # no packet begins here: one may begin inside
        self._buffer = self._buffer[-3:]  # the beginning of a header, perhaps
