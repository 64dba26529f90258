"""Encodes and decodes messages: plain msgpack with one array extension, so that any language can join.

A frame is the topic, a zero byte (ZeroMQ matches prefixes), and one msgpack array: the header's values, then the list
of the message's fields in declared order. docs/wire.md has it byte by byte.

An array is msgpack extension 1: a 16-byte head (dtype code, number of dimensions, sizes) padded so that the data
behind it starts at a multiple of 16, then the data, little-endian, C order. An array of more than INLINE bytes leaves
its data out (extension 2) and follows as a raw frame of its own, which costs no copy.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgpack
import numpy as np

from tutelage.exactness import exact

INLINE = 4096
"""The largest array in bytes that stays in the body: for larger ones a frame of their own is faster."""

MAX_BODY = 2**20
"""The most bytes of a first frame."""

MAX_LIST, MAX_MAP, MAX_CONTAINERS = 512, 4096, 100
"""The most elements of a list and of a map, and the most lists and maps of a body, its own two lists included. An empty
list takes 70 times its bytes in memory, and a list that only claims to be long takes that memory at once."""

MAX_FRAME = 256 * 2**20
"""The most bytes of any frame."""

MAX_DIMENSIONS = 8

_INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")
_DTYPES = ["bool", *_INTEGERS, "float16", "float32", "float64"]
_CODE = {np.dtype(name): code for code, name in enumerate(_DTYPES)}
_DTYPE = [np.dtype(name) for name in _DTYPES]
_HEAD_BYTES = [(4 + 4 * ndim + 15) // 16 * 16 for ndim in range(MAX_DIMENSIONS + 1)]
_INLINE_ARRAY, _FRAMED_ARRAY = 1, 2

Frame = bytes | memoryview


class Header(NamedTuple):
    """The sender, the message's number, and its times (monotonic nanoseconds).

    `captured` is for senders that know when their data were measured. Our bus does not, and sets both times to the time
    of publishing; messages with a known capture time have a field for it.
    """

    run: str
    sender: str
    restarts: int
    sequence: int
    captured: int
    sent: int


_TYPES = [str, str, int, int, int, int, list]


class Malformed(ValueError):
    """Bytes that are not a message: too large, too deep, cut off, or not ours."""


@lru_cache(maxsize=1024)
def _head(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """An array's head. A run needs few, which are cached."""
    if len(shape) > MAX_DIMENSIONS:
        raise TypeError(f"an array has at most {MAX_DIMENSIONS} dimensions, found {len(shape)}")
    code = _CODE.get(dtype)
    if code is None:
        raise TypeError(f"no wire type for arrays of {dtype}: use one of {', '.join(_DTYPES)}")
    head = struct.pack(f"<BB2x{len(shape)}I", code, len(shape), *shape)
    return head + bytes(-len(head) % 16)


@lru_cache(maxsize=1024)
def _parse(head: bytes) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Shape, dtype and bytes of the array with this head."""
    if head[0] >= len(_DTYPE):
        raise Malformed(f"an array's head with dtype code {head[0]}")
    shape, dtype = struct.unpack_from(f"<{head[1]}I", head, 4), _DTYPE[head[0]]
    return shape, dtype, math.prod(shape) * dtype.itemsize


def _array(extension: bytes, beside: Frame | None = None) -> np.ndarray:
    """The array of an extension: its data are behind its head, or beside it in a frame of their own."""
    if len(extension) < _HEAD_BYTES[0] or extension[1] > MAX_DIMENSIONS:
        raise Malformed("an array without a head")
    start = _HEAD_BYTES[extension[1]]
    shape, dtype, size = _parse(extension[:start])
    data, start = (extension, start) if beside is None else (beside, 0)
    if len(data) != start + size:
        raise Malformed(f"{len(data) - start} bytes for an array of {size}")
    array: np.ndarray = np.ndarray(shape, dtype, data, start)
    return array if beside is None or array.flags.aligned else array.copy()


class _Packer:
    """Packs values with arrays: small ones into the body, large ones beside it as frames of their own."""

    def __init__(self, inline: float) -> None:
        self.inline = inline
        self.raw: list[Frame] = []
        self._pack = msgpack.Packer(default=self._extension).pack

    def __call__(self, value: Any) -> tuple[bytes, list[Frame]]:
        """The body, and the frames beside it."""
        self.raw = []
        return self._pack(value), self.raw

    def _extension(self, value: Any) -> msgpack.ExtType:
        if not isinstance(value, np.ndarray):
            raise TypeError(f"no wire type for a {type(value).__name__}")
        if value.nbytes <= self.inline:
            return msgpack.ExtType(_INLINE_ARRAY, _head(value.dtype, value.shape) + value.tobytes())
        if value.nbytes > MAX_FRAME:
            raise TypeError(f"an array of {value.nbytes} bytes, at most {MAX_FRAME} are sent")
        self.raw.append(np.ascontiguousarray(value).data.cast("B"))
        return msgpack.ExtType(_FRAMED_ARRAY, _head(value.dtype, value.shape))


_pack = _Packer(INLINE)
"""Made once: a packer has a buffer, which it keeps."""


def encode(topic: bytes, header: Sequence[Any], fields: Sequence[Any]) -> list[Frame]:
    """The frames of one message: first the frame that ZeroMQ filters by, then large arrays, not copied."""
    body, raw = _pack([*header, fields])
    first = topic + b"\0" + body
    if len(first) > MAX_BODY:
        raise TypeError(f"a {topic.decode()} body of {len(first)} bytes, at most {MAX_BODY}: use array fields for bulk")
    if len(first) > MAX_LIST:  # fewer bytes hold fewer elements
        _check_lengths(topic, fields)
    return [first, *raw]


def _check_lengths(topic: bytes, fields: Sequence[Any]) -> None:
    """Raises TypeError if `decode` would refuse a field for its length."""
    for field in fields:
        if type(field) in (list, dict) and len(field) > (MAX_LIST if type(field) is list else MAX_MAP):
            what = f"a list has at most {MAX_LIST} elements and a map {MAX_MAP}: use array fields for bulk"
            raise TypeError(f"a {topic.decode()} field of {len(field)} elements, but {what}")


class _Containers:
    """Counts the lists and maps of one body as they are read."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, found: Any) -> Any:
        self.count += 1
        if self.count > MAX_CONTAINERS:
            raise Malformed(f"more than {MAX_CONTAINERS} lists and maps")
        return found


def decode(frames: Sequence[bytes | Any]) -> tuple[Header, list[Any]]:
    """Header and fields of one message. Arrays share the frames' memory, are aligned and read-only.

    Raises:
        Malformed: what is wrong with the bytes, in one sentence.
    """
    raw: Iterator[Frame] = iter(frames[1:])

    def extension(code: int, data: bytes) -> np.ndarray:
        if code == _INLINE_ARRAY:
            return _array(data)
        if code == _FRAMED_ARRAY:
            return _array(data, next(raw))
        raise Malformed(f"unknown extension {code}")

    first = frames[0]
    if len(first) > MAX_BODY:
        raise Malformed(f"a body of {len(first)} bytes, at most {MAX_BODY} are read")
    counted = _Containers() if len(first) > INLINE else None  # a small body cannot hold too many
    try:
        found = msgpack.unpackb(
            first[first.index(0) + 1 :],
            ext_hook=extension,
            list_hook=counted,
            object_hook=counted,
            max_array_len=MAX_LIST,
            max_map_len=MAX_MAP,
        )
        if list(map(type, found)) != _TYPES and len(found) == len(_TYPES):
            found = list(map(exact, found, _TYPES))
        if list(map(type, found)) != _TYPES:
            raise Malformed("not a header's values and a list of fields")
        return Header(*found[:-1]), found[-1]
    except (ValueError, TypeError, StopIteration, struct.error, IndexError) as error:
        raise Malformed(f"a frame of {len(first)} bytes is no message: {error}") from error


def pack_message(header: Sequence[Any], fields: Sequence[Any]) -> bytes:
    """One message in one piece, with all arrays inside (for recordings)."""
    return pack_state([*header, fields])


def unpack_message(body: bytes) -> tuple[Header, list[Any]]:
    """The inverse of pack_message.

    Raises:
        Malformed: these bytes are not a message.
    """
    try:
        found = unpack_state(body)
        if list(map(type, found)) != _TYPES:
            raise Malformed("not a header's values and a list of fields")
    except (ValueError, TypeError, struct.error, IndexError) as error:
        raise Malformed(f"a body of {len(body)} bytes is no message: {error}") from error
    return Header(*found[:-1]), found[-1]


def pack_state(state: Any) -> bytes:
    """Any nesting of dicts, lists, numbers, strings, bytes and arrays as one self-contained piece (for checkpoints)."""
    return _Packer(math.inf)(state)[0]


def pack_rows(rows: Sequence[tuple[int, int, Sequence[Frame]]]) -> list[Frame]:
    """What `pack_state` gives for rows of two numbers and frames, in pieces: the frames are not copied."""
    packer = msgpack.Packer()
    pieces: list[Frame] = [packer.pack_array_header(len(rows))]
    for place, sequence, frames in rows:
        head = packer.pack_array_header(3) + packer.pack(place) + packer.pack(sequence)
        pieces.append(head + packer.pack_array_header(len(frames)))
        for frame in frames:
            pieces += [_bytes_head(len(frame)), frame]
    return pieces


def _bytes_head(length: int) -> bytes:
    """msgpack's head of so many bytes (bin 32)."""
    return struct.pack(">BI", 0xC6, length)


def unpack_state(data: bytes) -> Any:
    """The inverse of pack_state; arrays are aligned and read-only."""
    return msgpack.unpackb(data, ext_hook=lambda _, extension: _array(extension), strict_map_key=False)
