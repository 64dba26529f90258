"""What a message type declares is what its values must be; what it refuses, it refuses by name."""

from typing import Annotated, Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import tutelage.messages as messages
from tutelage.foreign import message_type
from tutelage.message import Message, Promise, build, fingerprint, is_promise, schema, values


class Spoken(Message):
    verdict: Literal["kept", "discarded"]


class Reading(Message, cadence="step"):
    """arm -> those who look on: one reading."""

    name: str
    ok: bool
    count: int
    load: float
    raw: bytes
    words: list[str]
    table: dict[str, float]
    joints: Annotated[NDArray[np.float32], "envs joints", "rad"]
    action: Annotated[NDArray[np.int64] | NDArray[np.float32], "envs *action"]


GOOD: dict[str, Any] = {
    "rollout": 1, "step": 2, "name": "arm", "ok": True, "count": 3, "load": 0.5, "raw": b"x", "words": ["a"],
    "table": {"a": 1.0}, "joints": np.ones((2, 6), np.float32), "action": np.ones(2, np.int64),
}  # fmt: skip


def test_a_message_is_made_and_read_by_name_and_in_order():
    reading = Reading(**GOOD)
    assert reading.name == "arm" and reading.count == 3 and reading.joints is GOOD["joints"]
    assert list(values(reading)) == list(GOOD.values())
    again = build(Reading, list(GOOD.values()))
    assert type(again) is Reading and again.action is GOOD["action"] and again.rollout == 1


def test_a_message_cannot_be_changed_and_equals_only_itself():
    reading = Reading(**GOOD)
    for name in ("name", "more"):
        with pytest.raises(AttributeError):
            setattr(reading, name, "leg")
    alike = Reading(**GOOD)
    assert (reading == reading, reading == alike, reading != alike, len({reading, alike})) == (True, False, True, 2)
    assert repr(reading).startswith("Reading(rollout=1, step=2, name='arm'")


def test_a_field_left_out_or_unknown_is_refused():
    with pytest.raises(TypeError, match="action"):
        Reading(**{name: value for name, value in GOOD.items() if name != "action"})
    with pytest.raises(TypeError, match="colour"):
        Reading(**GOOD | {"colour": 1})


WRONG = [
    ("name", 7, "Reading.name: expected str, found int 7"),
    ("ok", 1, "Reading.ok: expected bool, found int 1"),
    ("count", True, "Reading.count: expected int, found bool True"),
    ("load", 2**53 + 1, "Reading.load: expected float, found int 9007199254740993"),
    ("load", np.float64(1), "Reading.load: expected float, found float64"),
    ("raw", "x", "Reading.raw: expected bytes, found str 'x'"),
    ("words", ("a",), r"Reading.words: expected list\[str\], found tuple"),
    ("words", ["a", 1], r"Reading.words: expected list\[str\], found list \['a', 1\]"),
    ("table", [], r"Reading.table: expected dict\[str, float\], found list \[\]"),
    ("table", {1: 1.0}, r"Reading.table: expected dict\[str, float\], found dict"),
    ("rollout", None, "Reading.rollout: expected int, found NoneType None"),
    ("joints", [[1.0]], r"Reading.joints: expected float32 \[envs, joints\], found list"),
    ("joints", np.ones((2, 6)), r"Reading.joints: expected float32 \[envs, joints\], found float64 \[2, 6\]"),
    ("joints", np.ones(6, np.float32), r"Reading.joints: expected float32 \[envs, joints\], found float32 \[6\]"),
    ("action", np.ones(2), r"Reading.action: expected int64 or float32 \[envs, \*action\], found float64 \[2\]"),
    ("action", np.ones((), np.int64), r"Reading.action: .*, found int64 \[\]"),
]


@pytest.mark.parametrize("name, value, sentence", WRONG)
def test_a_wrong_value_is_refused_on_both_sides_by_type_field_expected_and_found(name, value, sentence):
    wrong = GOOD | {name: value}
    with pytest.raises(TypeError, match=sentence):
        values(Reading(**wrong))
    with pytest.raises(TypeError, match=sentence):
        build(Reading, list(wrong.values()))


@pytest.mark.parametrize("name, value, same", [
    ("load", 9, 9.0), ("load", -(2**62), -(2.0**62)), ("table", {"a": 9, "b": 0.5}, {"a": 9.0, "b": 0.5}),
    ("rollout", 2.0**62, 2**62), ("count", -3.0, -3),
])  # fmt: skip
def test_a_number_of_another_language_is_received_as_what_it_is_and_not_said(name, value, same):
    said = GOOD | {name: value}
    received = getattr(build(Reading, list(said.values())), name)
    assert received == same and repr(received) == repr(same)
    with pytest.raises(TypeError, match=f"Reading.{name}: expected"):
        values(Reading(**said))
    assert type(build(Reading, [2.0**62, 0]).rollout) is int


@pytest.mark.parametrize(
    "name, value", [("count", 0.5), ("count", float("inf")), ("count", "3"), ("ok", 1), ("load", True)]
)
def test_what_is_not_the_same_number_is_refused(name, value):
    with pytest.raises(TypeError, match=f"Reading.{name}: expected"):
        build(Reading, list((GOOD | {name: value}).values()))


def test_a_word_that_is_not_declared_is_refused_and_the_schema_tells_which_are():
    assert values(Spoken(0, 0, verdict="kept")) == (0, 0, "kept")
    with pytest.raises(TypeError, match=r"Spoken\.verdict: expected 'kept' or 'discarded', found str 'lost'"):
        build(Spoken, [0, 0, "lost"])
    assert schema(Spoken)["properties"]["verdict"] == {"type": "string", "enum": ["kept", "discarded"]}
    again = message_type(schema(Spoken))
    assert again.declared == Spoken.declared and fingerprint(again) == fingerprint(Spoken)


def test_words_leave_the_fingerprint_of_a_string():
    plain = type("Spoken", (Message,), {"__annotations__": {"verdict": str}, "__module__": __name__})
    assert fingerprint(plain) == fingerprint(Spoken)


def test_a_time_alone_is_a_promise():
    assert type(build(Reading, [1, 2])) is Promise and is_promise([1, 2]) and not is_promise([1])
    with pytest.raises(TypeError, match=r"Promise\.step: expected int, found str"):
        build(Reading, [1, "2"])


@pytest.mark.parametrize("found", [[], [1], [*GOOD.values(), 1]])
def test_another_number_of_fields_is_refused(found):
    with pytest.raises(TypeError, match=f"Reading: expected 11 fields, found {len(found)}"):
        build(Reading, found)


@settings(deadline=None)
@given(st.lists(st.integers(1, 3), max_size=4), st.sampled_from([np.int64, np.float32]))
def test_a_star_stands_for_any_number_of_dimensions(shape, dtype):
    action = np.ones((2, *shape), dtype)
    assert values(Reading(**GOOD | {"action": action}))[list(GOOD).index("action")] is action


def reading(
    kind: Any = NDArray[np.float32], shape="envs joints", unit="rad", prose="One.", cadence="step", name="joints"
) -> type[Message]:
    space = {"__annotations__": {name: Annotated[kind, shape, unit]}, "__doc__": prose, "__module__": __name__}
    declare: Any = type(Message)
    made: type[Message] = declare("Reading", (Message,), space, cadence=cadence)
    return made


def test_the_fingerprint_does_not_change_with_the_prose():
    assert fingerprint(reading()) == fingerprint(reading(prose="Another."))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": NDArray[np.float64]},
        {"kind": float},
        {"shape": "joints"},
        {"unit": "degree"},
        {"cadence": "rollout"},
        {"name": "joint"},
    ],
)
def test_the_fingerprint_changes_with_all_that_matters(change):
    assert fingerprint(reading()) != fingerprint(reading(**change))


def test_the_schema_says_dtype_shape_unit_and_who_tells_whom():
    said = schema(Reading)
    assert said["properties"]["joints"] == {
        "type": "array",
        "dtype": ["float32"],
        "shape": ["envs", "joints"],
        "unit": "rad",
    }
    assert said["description"].startswith("arm -> those who look on") and said["required"] == list(GOOD)


@pytest.mark.parametrize("kind", [getattr(messages, name) for name in messages.__all__])
def test_every_message_says_who_tells_whom_and_has_topic_and_cadence(kind):
    assert "->" in kind.__doc__ and kind.cadence in ("step", "rollout", "free")
    assert [field.name for field in kind.declared[:2]] == ["rollout", "step"]
