"""Messages as text and as JSON, rates, losses, and message types from their schemas."""

import json
from typing import Any

import numpy as np
import pytest

import tutelage.messages as messages
from tutelage.codec import Header
from tutelage.foreign import message_type
from tutelage.message import Message, fingerprint, schema
from tutelage.observers import echo, rate
from tutelage.observers import listener as hearing
from tutelage.observers.listener import Heard
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
    assert expected == {("a", "metrics"): 6, ("b", "metrics"): 92}


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


def test_a_rate_by_hand():
    measured = rate.measure("image", [(0, 100), (10**9, 100), (4 * 10**9, 400)], lost=2)
    assert measured == pytest.approx(("image", 3, 0.5, 1.0, 3.0, 1.0, 100.0, 2))
    assert rate.measure("image", [(0, 100)], lost=0) is None


class Odd(Message, cadence="rollout"):
    """one -> other: a field of each kind that ours have not."""

    data: bytes
    names: list[str]


@pytest.mark.parametrize("kind", [*(getattr(messages, name) for name in messages.__all__), Odd])
def test_a_message_type_comes_back_from_its_schema(kind):
    made = message_type(json.loads(json.dumps(schema(kind))))
    assert (made.topic, made.cadence, made.declared) == (kind.topic, kind.cadence, kind.declared)
    assert fingerprint(made) == fingerprint(kind)
