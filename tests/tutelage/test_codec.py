"""The wire: what goes in comes out, aligned; and no bytes, however wrong, do more than be refused."""

import tracemalloc
from collections.abc import Sequence
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tutelage import codec
from tutelage.codec import (
    Header,
    Malformed,
    decode,
    encode,
    pack_message,
    pack_rows,
    pack_state,
    unpack_message,
    unpack_state,
)

DTYPES = codec._DTYPES
HEADER = Header("run", "train/simulator", 2, 7, 123, 456)

arrays = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=6))
)


def there_and_back(*fields: Any) -> list[Any]:
    header, found = decode(as_received(encode(b"topic", HEADER, fields)))
    assert header == HEADER
    return found


def as_received(frames: list[codec.Frame]) -> list[codec.Frame]:
    """As the bus hands them on: bytes first, then views."""
    return [bytes(frames[0]), *[memoryview(bytes(frame)) for frame in frames[1:]]]


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def test_the_bytes_are_those_of_the_page_on_the_wire():
    fields = [True, np.array([[1.0], [2.0]], np.float32), np.zeros(4096, bool), np.full(4097, 9, np.uint8)]
    first, raw = encode(b"topic", HEADER, fields)
    head = b"topic\0\x97\xa3run\xaftrain/simulator\x02\x07\x7b\xcd\x01\xc8\x94\xc3"
    small = b"\xc7\x18\x01" + b"\x0a\x02\0\0\2\0\0\0\1\0\0\0\0\0\0\0" + b"\0\0\x80\x3f\0\0\0\x40"
    at_most = b"\xc8\x10\x10\x01" + b"\x00\x01\0\0\0\x10\0\0" + bytes(8) + bytes(4096)
    assert first == head + small + at_most + b"\xd8\x02\x01\x01\0\0\1\x10\0\0" + bytes(8)
    assert bytes(raw) == b"\x09" * 4097


def test_a_header_of_another_language_may_have_whole_numbers_as_floats():
    first = b"topic\0" + msgpack.packb(["run", "train/simulator", 2.0, 7.0, 123.0, 456, []])
    header, _ = decode([first])
    assert header == HEADER and [type(value) for value in header[2:]] == [int] * 4
    with pytest.raises(Malformed, match="not a header"):
        decode([b"topic\0" + msgpack.packb(["run", "train/simulator", 2, 7.5, 123, 456, []])])


def test_an_array_has_up_to_eight_dimensions():
    for shape in ((1,) * 8, (2, 1, 1, 2, 1, 1, 1, 600)):
        (found,) = there_and_back(np.ones(shape, np.float32))
        assert same(found, np.ones(shape, np.float32))


@pytest.mark.parametrize("dtype", DTYPES)
def test_more_than_4_kb_is_a_frame_of_its_own_and_not_copied(dtype):
    small, large = np.ones(4096 // np.dtype(dtype).itemsize, dtype), np.ones((3, 4096), dtype)
    frames = encode(b"topic", HEADER, [small, large, large])
    assert len(frames) == 3 and np.shares_memory(np.frombuffer(frames[1], dtype), large)
    received = as_received(frames)
    _, found = decode(received)
    assert same(found[0], small) and same(found[1], large) and same(found[2], large)
    assert np.shares_memory(found[1], np.frombuffer(received[1], dtype))


@pytest.mark.parametrize("n", [4, 99])
def test_arrays_in_any_memory_order_come_back_in_c_order(n):
    square = np.arange(n * n, dtype=np.int32).reshape(n, n)
    for array in (square.T, square[::2, 1::3], square[::-1]):
        (found,) = there_and_back(array)
        assert same(found, np.ascontiguousarray(array)) and found.flags.c_contiguous


def test_a_frame_at_an_odd_address_is_made_aligned():
    head, raw = encode(b"topic", HEADER, [np.arange(1000.0)])
    shifted = memoryview(b"?" + bytes(raw))[1:]
    _, (found,) = decode([bytes(head), shifted])
    assert found.flags.aligned and found[999] == 999


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


WIRE_TYPES = "bool, uint8, int8, uint16, int16, uint32, int32, uint64, int64, float16, float32, float64"
PREFIX = 39
"""Bytes of a first frame whose only field is a text of 64 KiB or more, before that text."""


@pytest.mark.parametrize(
    "value, sentence",
    [
        (np.ones(2, ">f4"), f"no wire type for arrays of >f4: use one of {WIRE_TYPES}"),
        (np.ones(2, complex), f"no wire type for arrays of complex128: use one of {WIRE_TYPES}"),
        (np.array(["a"], object), f"no wire type for arrays of object: use one of {WIRE_TYPES}"),
        (np.ones((1,) * 9), "an array has at most 8 dimensions, found 9"),
        (np.zeros(2**28 + 1, bool), "an array of 268435457 bytes, at most 268435456 are sent"),
        ({1, 2}, "no wire type for a set"),
        (["a"] * 513, "a topic field of 513 elements, but a list has at most 512 elements and a map 4096: "
         "use array fields for bulk"),
        ({str(number): 1.0 for number in range(4097)}, "a topic field of 4097 elements, but a list has at most 512 "
         "elements and a map 4096: use array fields for bulk"),
    ],
    ids=["big-endian", "complex", "objects", "dimensions", "large", "set", "list", "map"],
)  # fmt: skip
def test_what_has_no_wire_form_is_refused_and_leaves_nothing_behind(value, sentence):
    with pytest.raises(TypeError, match=f"^{sentence}$"):
        encode(b"topic", HEADER, [np.ones(9999), value])
    assert len(encode(b"topic", HEADER, [1])) == 1
    assert there_and_back(1) == [1]


def body(content: bytes) -> list[bytes]:
    return [b"topic\0" + content]


def extension(code: int, data: bytes) -> list[bytes]:
    return body(msgpack.packb([*HEADER, [msgpack.ExtType(code, data)]]))


def test_a_recorded_message_comes_back_with_its_arrays_inside():
    large = np.arange(5000, dtype=np.float32)
    header, (number, found) = unpack_message(pack_message(HEADER, [7, large]))
    assert (header, number) == (HEADER, 7) and same(found, large)


@pytest.mark.parametrize(
    "content, sentence",
    [
        ([], "a body of 1 bytes is no message: not a header's values and a list of fields"),
        ([*HEADER, msgpack.ExtType(1, b"")], "a body of 30 bytes is no message: an array without a head"),
    ],
)
def test_what_is_no_recorded_message_is_refused(content, sentence):
    with pytest.raises(Malformed, match=f"^{sentence}$"):
        unpack_message(msgpack.packb(content))


@pytest.mark.parametrize(
    "frames, part",
    [
        ([b"no zero byte"], "no message"),
        (body(b""), "no message"),
        (body(msgpack.packb(7)), "no message"),
        (body(msgpack.packb([])), "^a frame of 7 bytes is no message: not a header's values and a list of fields$"),
        (body(msgpack.packb([*HEADER, 7])), "not a header"),
        (body(msgpack.packb([*HEADER[:3], "7", 1, 2, []])), "not a header"),
        (body(msgpack.packb(["run", [], 0, 0, 0, 0, []])), "not a header"),
        (body(msgpack.packb([*HEADER, []]) + b"\0"), "no message"),
        (extension(5, b""), "unknown extension 5"),
        (extension(3, b""), "unknown extension 3$"),
        (extension(1, b""), "array without a head$"),
        (extension(1, b"\x00\0" + bytes(13)), "array without a head"),
        (extension(1, b"\0\x09" + bytes(62)), "array without a head"),
        (extension(1, b"\x0c\x01" + bytes(14)), ": an array's head with dtype code 12$"),
        (extension(1, b"\x0b\x01\0\0\x02" + bytes(19)), "8 bytes for an array of 16"),
        (extension(1, b"\x0b\x01\0\0\x01" + bytes(27)), "16 bytes for an array of 8"),
        (extension(2, b"\x0b\x01\0\0\x01" + bytes(11)), "no message"),
    ],
)
def test_wrong_bytes_are_refused_in_one_sentence(frames, part):
    with pytest.raises(Malformed, match=part):
        decode(frames)


def test_a_frame_of_another_size_than_its_head_says_is_refused():
    head, raw = encode(b"topic", HEADER, [np.ones(1000)])
    with pytest.raises(Malformed, match="7999 bytes for an array of 8000"):
        decode([head, raw[:-1]])


BOMBS = {
    "10 MB of lists in lists": b"\x91" * 10_000_000,
    "10 MB of empty lists": b"\xdd" + (10_000_000).to_bytes(4, "big") + b"\x90" * 10_000_000,
    "1 MB of lists in lists": b"\x91" * 1_000_000,
    "a list that claims 4 billion": b"\xdd\xff\xff\xff\xff",
    "a map that claims 4 billion": b"\xdf\xff\xff\xff\xff",
    "a string that claims 4 GB": b"\xdb\xff\xff\xff\xff",
    "an array that claims 2^60": msgpack.packb(msgpack.ExtType(1, b"\x0b\x02\0\0" + b"\xff" * 8 + bytes(4))),
}


PADDED = {
    "empty lists": (b"\xdc\x02\x00" + b"\x90" * 512) * 2000,
    "empty maps": (b"\xdc\x02\x00" + b"\x80" * 512) * 2000,
    "lists that claim to be long": b"\xdc\x02\x00" * 340_000,
    "lists that claim to be very long": b"\xdd\x00\x0f\x00\x00" * 200_000,
    "maps of short keys": (b"\xde\x10\x00" + b"".join(b"\xa2%02x\xc0" % (i % 256) for i in range(4096))) * 60,
    "maps of keys that differ": (b"\xde\x10\x00" + b"".join(b"\xa4%04x\xc0" % i for i in range(4096))) * 40,
    "small arrays": (b"\xdc\x02\x00" + msgpack.packb(msgpack.ExtType(1, b"\1\1" + bytes(14))) * 512) * 100,
}


@pytest.mark.parametrize("count", [codec.MAX_CONTAINERS - 2, codec.MAX_CONTAINERS - 1])
def test_a_large_body_has_a_bounded_number_of_lists(count):
    frames = encode(b"topic", HEADER, ["x" * codec.INLINE, *[[]] * count])
    if count < codec.MAX_CONTAINERS - 1:
        assert len(decode(frames)[1]) == count + 1
    else:
        with pytest.raises(Malformed, match="more than 100 lists and maps"):
            decode(frames)


def test_what_is_just_short_enough_comes_back():
    words, table = ["a"] * 512, {str(number): 1.0 for number in range(4096)}
    assert there_and_back(words, table) == [words, table]
    (text,) = there_and_back("x" * (2**20 - PREFIX))
    assert len(text) == 2**20 - PREFIX
    assert len(encode(b"topic", HEADER, [np.zeros(2**28, bool)])[1]) == 2**28


def test_a_first_frame_has_at_most_a_mebibyte():
    with pytest.raises(TypeError, match=r"^a topic body of 1048577 bytes, at most 1048576: use array fields for bulk$"):
        encode(b"topic", HEADER, ["x" * (2**20 - PREFIX + 1)])
    with pytest.raises(Malformed, match=r"^a body of 1048577 bytes, at most 1048576 are read$"):
        decode([bytes(2**20 + 1)])


def test_a_body_of_up_to_4_kib_may_have_any_number_of_lists():
    lists: list[Any] = [[] for _ in range(200)]
    spare = 4096 - len(encode(b"topic", HEADER, [*lists, "x" * 3000])[0]) + 3000
    assert there_and_back(*lists, "x" * spare) == [*lists, "x" * spare]
    with pytest.raises(Malformed, match=r"^a frame of 4097 bytes is no message: more than 100 lists and maps$"):
        there_and_back(*lists, "x" * (spare + 1))


def decode_or_refuse(frames: Sequence[codec.Frame]) -> None:
    try:
        header, fields = decode(frames)
    except Malformed:
        return
    assert isinstance(header, Header) and list(map(type, header)) == [str, str, int, int, int, int]
    assert type(fields) is list


MESSAGE = encode(b"topic", HEADER, [1, 2, np.ones((2, 3)), "text", {"a": 1.5}, b"bytes", np.ones(600)])


def test_no_changed_byte_crashes_and_what_is_cut_is_refused():
    first = bytes(MESSAGE[0])
    for at in range(len(first)):
        with pytest.raises(Malformed):
            decode([first[:at], MESSAGE[1]])
        for change in (1, 0x10, 0x80, 0xFF):
            decode_or_refuse([first[:at] + bytes([first[at] ^ change]) + first[at + 1 :], MESSAGE[1]])


@settings(deadline=None)
@given(arrays)
def test_every_array_comes_back_aligned_and_read_only(array):
    (found,) = there_and_back(array)
    assert same(found, array) and found.flags.aligned and not found.flags.writeable


@settings(max_examples=50, deadline=None)
@given(st.lists(values, max_size=5))
def test_plain_values_come_back(fields):
    assert there_and_back(*fields) == fields


@settings(max_examples=50, deadline=None)
@given(values)
def test_a_state_comes_back_whole(state):
    array = np.arange(5000, dtype=np.float32)
    found = unpack_state(pack_state({"state": state, "array": array, 5: 6}))
    assert found["state"] == state and same(found["array"], array) and found[5] == 6


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_costs_no_memory(bomb):
    frames = body(msgpack.packb([*HEADER, []])[:-1] + bomb)
    tracemalloc.start()
    with pytest.raises(Malformed):
        decode(frames)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 2**20


@pytest.mark.parametrize("elements", PADDED.values(), ids=PADDED.keys())
@pytest.mark.parametrize("size", [300, 5000, 100_000, 2**20 - 100])
def test_no_body_takes_much_more_memory_than_it_has_bytes(elements, size):
    fields = min(512, len(elements) // 1000)
    start = msgpack.packb([*HEADER, []])[:-1] + b"\xdc" + fields.to_bytes(2, "big")
    frames = body(start + elements[: size - len(start)])
    tracemalloc.start()
    decode_or_refuse(frames)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * size + 5 * 2**20


@settings(deadline=None)
@given(st.binary(max_size=300), st.lists(st.binary(max_size=40), max_size=2))
def test_random_bytes_never_crash(data, rest):
    """What is refused is `Malformed`; any other error fails here."""
    decode_or_refuse([data, *rest])
    decode_or_refuse([b"topic\0" + data, *rest])


def test_rows_in_pieces_are_the_state_and_their_frames_are_not_copied():
    large = bytes(70_000)
    rows = [(1, 0, (b"", b"a" * 300, memoryview(large))), (2**40, 7, (b"b",))]
    pieces = pack_rows(rows)
    assert unpack_state(b"".join(pieces)) == [[place, number, list(frames)] for place, number, frames in rows]
    assert any(isinstance(piece, memoryview) and piece.obj is large for piece in pieces)
