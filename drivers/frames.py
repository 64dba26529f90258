"""The frames of the plain serial protocol (docs/serial.md): COBS between zero bytes, with a CRC and a sequence number.

    0 | COBS( kind | sequence | body | CRC-16, low byte first ) | 0

COBS (Cheshire and Baker 1999) removes the zeros from a frame, so a zero can only be its end: after any noise, the next
frame is found.
"""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Iterator
from typing import NamedTuple

LONGEST = 254
"""bytes of kind, sequence, body and CRC: what COBS carries with one byte more"""


class Frame(NamedTuple):
    """`kind` is a letter, in an answer with its highest bit set; `sequence` counts a host's questions, 0 to 255."""

    kind: int
    sequence: int
    body: bytes = b""


def encode(frame: Frame) -> bytes:
    """The bytes of a frame on the line."""
    data = bytes([frame.kind, frame.sequence]) + frame.body
    data += crc_hqx(data, 0).to_bytes(2, "little")
    assert len(data) <= LONGEST, "a frame's body has at most 250 bytes"
    return b"\0" + b"".join(bytes([len(run) + 1]) + run for run in data.split(b"\0")) + b"\0"


class Decoder:
    """Receives bytes, and returns the complete frames in them; all else is noise."""

    def __init__(self) -> None:
        self._part = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        *whole, rest = (self._part + data).split(b"\0")
        self._part = rest[: LONGEST + 2]  # a longer one is no frame
        for part in whole:
            data = _uncobs(part)
            if len(data) >= 4 and crc_hqx(data[:-2], 0) == int.from_bytes(data[-2:], "little"):
                yield Frame(data[0], data[1], data[2:-2])


def _uncobs(part: bytes) -> bytes:
    """The decoded bytes, or nothing if this is not valid COBS."""
    runs = []
    while part and len(part) <= LONGEST + 1:
        count = part[0]
        if len(part) < count:
            return b""
        runs.append(part[1:count])
        part = part[count:]
    return b"\0".join(runs)
