"""Messages as text, JSON and CSV, rates, bandwidths, delays, losses, and message types from their schemas."""

import csv
import json
from typing import Any

import numpy as np
import pytest

import tutelage.messages as messages
from tutelage.codec import Header
from tutelage.foreign import message_type
from tutelage.input.problems import Refusal
from tutelage.message import Message, fingerprint, schema
from tutelage.observers import bandwidth, delay, echo, rate
from tutelage.observers import listener as hearing
from tutelage.observers.listener import Heard
from tutelage.observers.reports import Sample
from tutelage.observers.rows import Rows
from tutelage.transport.tap import Arrival


def heard(message: Message, lost: int = 0) -> Heard:
    return Heard(message.topic, Header("run", "eye", 0, 7, 0, 5), message, 100, lost)


def test_what_is_missed_is_counted_by_sender():
    """Not what came before the first, not what is said again, and a promise counts as a message."""
    expected: dict[tuple[str, str], int] = {}
    lost = []
    for sender, sequence in [("a", 5), ("b", 90), ("a", 6), ("a", 9), ("a", 3), ("a", 5), ("b", 91)]:
        fields: list[Any] = [0, 0] if sequence == 5 else [0, 0, {}]
        arrival = Arrival("metrics", Header("run", sender, 0, sequence, 0, 0), fields, 0)
        read = hearing.read(arrival, {"metrics": messages.Metrics}, expected)
        lost.append(read.lost if read else None)
    assert lost == [None, 0, 0, 2, 0, None, 0]
    assert expected == {("a", "metrics"): 5, ("b", "metrics"): 92}, "what was lost before a promise is told later"


def test_a_message_as_text():
    observation = np.array([[0.125, np.nan, 3, 4], [5, 6, 7, 8]], np.float32)
    assert echo.text(heard(messages.Observation(1, 2, observation), lost=3)).splitlines() == [
        "... 3 lost ...",
        "observation  rollout 1, step 2  from eye, number 7",
        "  observation  float32 [2, 4]  0.125 nan 3 4 5 6 ...",
    ]
    assert echo.text(heard(messages.Observation(1, 2, observation)), full=True).endswith(" 0.125 nan 3 4 5 6 7 8")


def test_a_message_as_json_has_no_nan():
    line = echo.json_line(heard(messages.Metrics(1, 2, {"a": float("nan"), "b": 1.0})))
    assert json.loads(line) == {"topic": "metrics", "sender": "eye", "restarts": 0, "sequence": 7, "sent_ns": 5, "lost": 0,
                                "rollout": 1, "step": 2, "values": {"a": None, "b": 1.0}}  # fmt: skip
    line = echo.json_line(heard(messages.Observation(0, 0, np.array([[1, np.inf]], np.float32))))
    assert json.loads(line)["observation"] == {"dtype": "float32", "shape": [1, 2], "first": [1.0, None]}


SAMPLES = [
    Sample(0, 10**6, 100),
    Sample(10**9, 10**9 + 2 * 10**6, 100),
    Sample(4 * 10**9, 4 * 10**9 + 6 * 10**6, 400, lost=2),
]


def test_a_rate_by_hand():
    """Four intervals in four seconds: two of the five messages were missed, and are counted."""
    assert rate.measure("image", SAMPLES) == pytest.approx(("image", 3, 1.0, 1.0, 3.0, 1.0, 2))
    assert rate.measure("image", SAMPLES[2:]) is None and rate.measure("image", []) is None
    assert rate.span(SAMPLES[2:] + SAMPLES[:2]) == (4.0, 0), "what was missed before the first is not among them"


def test_a_bandwidth_by_hand():
    assert bandwidth.measure("image", SAMPLES) == pytest.approx(("image", 3, 200.0, 200.0, 100, 400, 2))
    assert bandwidth.measure("image", SAMPLES[:1]) is None
    assert [bandwidth.size(count) for count in (999, 1500, 2e6, 5e12)] == ["999 bytes", "1.5 kB", "2 MB", "5000 GB"]


def test_a_delay_by_hand():
    spread = (14 / 3) ** 0.5 * 1e-3
    assert delay.measure("image", SAMPLES) == pytest.approx(("image", 3, 0.003, 0.001, 0.006, spread))
    assert delay.measure("image", []) is None


def read_rows(*messages: Message, field: str | None = None) -> list[list[str]]:
    rows = Rows(field)
    return list(csv.reader("\n".join(rows.text(heard(message)) for message in messages).splitlines()))


def test_messages_as_csv():
    one, two = (np.array([[0.5, np.nan], [5, k]], np.float32) for k in (6, 7))
    assert read_rows(messages.Observation(1, 2, one), messages.Observation(1, 3, two)) == [
        ["sender", "sequence", "sent_ns", "lost", "rollout", "step", *(f"observation[{i}]" for i in range(4))],
        ["eye", "7", "5", "0", "1", "2", "0.5", "nan", "5.0", "6.0"],
        ["eye", "7", "5", "0", "1", "3", "0.5", "nan", "5.0", "7.0"],
    ]
    assert read_rows(Odd(0, 0, b"\x0f", ["a,b", 'c"']), field="names") == [["names"], ['["a,b", "c\\""]']]
    assert read_rows(messages.Metrics(1, 2, {"a": float("nan")}), field="values") == [["values"], ['{"a": null}']]
    assert read_rows(Odd(0, 0, b"\x0f", []), field="data") == [["data"], ["0f"]]


def test_rows_of_csv_have_the_columns_of_the_first():
    rows = Rows()
    rows.text(heard(messages.Observation(0, 0, np.zeros((1, 2), np.float32))))
    with pytest.raises(Refusal, match="a message has 9 columns, the first had 8"):
        rows.text(heard(messages.Observation(0, 0, np.zeros((1, 3), np.float32))))


class Odd(Message, cadence="rollout"):
    """one -> other: a field of each kind that ours have not."""

    data: bytes
    names: list[str]


@pytest.mark.parametrize("kind", [*(getattr(messages, name) for name in messages.__all__), Odd])
def test_a_message_type_comes_back_from_its_schema(kind):
    made = message_type(json.loads(json.dumps(schema(kind))))
    assert (made.topic, made.cadence, made.declared) == (kind.topic, kind.cadence, kind.declared)
    assert fingerprint(made) == fingerprint(kind)
