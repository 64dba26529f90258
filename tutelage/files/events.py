"""TensorBoard's event files: protobuf messages (`Event`), each with its length and two checksums.

The few fields of a curve are written out here. The libraries that write such files load torch, or are large.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping


def beginning(wall_time: float) -> bytes:
    """What a file begins with. wall_time: seconds since 1970."""
    return _record(_double(1, wall_time) + _bytes(3, b"brain.Event:2"))


def point(wall_time: float, step: int, values: Mapping[str, float]) -> bytes:
    """Values by name at a step, as float32."""
    named = [_bytes(1, _bytes(1, name.encode()) + _float(2, value)) for name, value in values.items()]
    return _record(_double(1, wall_time) + _key(2, 0) + _varint(step) + _bytes(5, b"".join(named)))


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; all but the last byte have the eighth bit."""
    low = [number >> shift & 127 for shift in range(0, max(number.bit_length(), 1), 7)]
    return bytes([*(one | 128 for one in low[:-1]), low[-1]])


def _double(field: int, value: float) -> bytes:
    return _key(field, 1) + struct.pack("<d", value)


def _float(field: int, value: float) -> bytes:
    return _key(field, 5) + struct.pack("<f", value)


def _bytes(field: int, data: bytes) -> bytes:
    return _key(field, 2) + _varint(len(data)) + data


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def _checksum(data: bytes) -> bytes:
    """CRC-32C, rotated and shifted so that no checksum is its own."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 255]
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


_TABLE = [_remainder(byte) for byte in range(256)]
