"""What a program that is a node is told: its place in the run, whom it hears, and to whom it says what.

It is the JSON in the environment variable TUTELAGE_NODE. docs/wire.md explains each key.
"""

from __future__ import annotations

import json
from typing import Any

from tutelage.assignment import Assignment
from tutelage.files.naming import file_name
from tutelage.graph import NodePlan
from tutelage.message import Message, fingerprint
from tutelage.transport.sockets import address

VARIABLE = "TUTELAGE_NODE"


def introduction(plan: NodePlan, place: Assignment) -> dict[str, str]:
    """The environment variable for a program with this plan."""
    kind = plan.kind
    assert kind
    own = file_name(plan.name)
    told = {
        "run": place.run,
        "name": plan.name,
        "restarts": place.restarts,
        "run_dir": str(place.run_dir),
        "checkpoint": str(place.run_dir / place.checkpoints / f"{own}.checkpoint"),
        "secret": str(place.socket_dir / "secret"),
        "links": address(place.socket_dir, plan.name, "links"),
        "tap": address(place.socket_dir, plan.name, "tap"),
        "sink": plan.name in place.graph.sinks(),
        "hears": [stream for heard in kind.hears for stream in _streams(plan, heard, place)],
        "says": [_said(plan, said, place) for said in kind.says],
    }
    return {VARIABLE: json.dumps(told)}


def _streams(plan: NodePlan, heard: type[Message], place: Assignment) -> list[dict[str, Any]]:
    """The streams of one message type: one for each sender."""
    topics = [topic for topic, own in plan.takes.items() if own == heard.topic]
    return [
        {**_type(heard, topic), "sender": sender, "address": address(place.socket_dir, sender, "links")}
        for topic in topics
        for sender in plan.hears[topic]
    ]


def _said(plan: NodePlan, said: type[Message], place: Assignment) -> dict[str, Any]:
    topic, sinks = plan.says[said.topic], place.graph.sinks()
    names = [name for name, topics in place.graph.listeners(plan).items() if topic in topics]
    return {
        **_type(said, topic),
        "listeners": [name for name in names if name not in sinks],
        "sinks": [name for name in names if name in sinks],
    }


def _type(kind: type[Message], topic: str) -> dict[str, Any]:
    fields = [field.name for field in kind.declared]
    return {"topic": topic, "type": kind.__name__, "fields": fields, "cadence": kind.cadence,
            "fingerprint": fingerprint(kind)}  # fmt: skip
