"""A running graph, seen by a websocket client that speaks Foxglove's protocol."""

from __future__ import annotations

import json
import re
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parts.run_cli import Run
from tests.tutelage.test_silence import until

pytest.importorskip("foxglove", reason="needs the extra foxglove")
client = pytest.importorskip("websockets.sync.client")

ADDRESS = re.compile(r"Foxglove: (ws://127\.0\.0\.1:\d+)")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path, "gail.yaml", "budget:=10000000", "episodes:=2", "foxglove:=true")
    until(run, lambda: ADDRESS.search(run.output) is not None)
    yield run
    run.kill()


def connected(run: Run) -> Any:
    found = ADDRESS.search(run.output)
    assert found
    return client.connect(found[1], subprotocols=["foxglove.sdk.v1"], max_size=None)


def channels(socket: Any) -> dict[str, dict[str, Any]]:
    """What the server advertises, by topic; all channels come in the first messages."""
    said = [json.loads(socket.recv(10)) for _ in range(2)]
    assert said[0]["op"] == "serverInfo" and "clientPublish" not in said[0]["capabilities"]
    return {channel["topic"]: channel for channel in said[1]["channels"]}


def subscribe(socket: Any, channel: dict[str, Any]) -> None:
    socket.send(json.dumps({"op": "subscribe", "subscriptions": [{"id": 7, "channelId": channel["id"]}]}))


def message(socket: Any) -> tuple[int, dict[str, Any]]:
    """Time in nanoseconds and fields of the next message of subscription 7."""
    while not isinstance(data := socket.recv(20), bytes):
        pass
    opcode, subscription, stamp = struct.unpack_from("<BIQ", data)
    assert (opcode, subscription) == (1, 7)
    return stamp, json.loads(data[13:])


def test_a_viewer_sees_the_topics_their_schemas_and_messages(run: Run) -> None:
    with connected(run) as socket:
        known = channels(socket)
        assert {"observation", "action", "transition", "weights", "metrics", "status"} <= known.keys()
        assert known["action"]["schemaName"] == "Action" and known["action"]["encoding"] == "json"
        schema = json.loads(known["action"]["schema"])
        assert schema["properties"]["log_prob"]["type"] == "array"
        subscribe(socket, known["action"])
        (earlier, first), (later, second) = message(socket), message(socket)
        assert len(first["log_prob"]) == 32 and (first["rollout"], first["step"]) < (second["rollout"], second["step"])
        assert earlier < later and abs(later / 1e9 - time.time()) < 60
        subscribe(socket, known["metrics"] | {"id": known["action"]["id"] + 10**6})  # one that is not there


def test_who_looks_at_nothing_is_sent_nothing_and_a_viewer_that_leaves_and_returns_sees_all(run: Run) -> None:
    with connected(run) as socket:
        channels(socket)
        with pytest.raises(TimeoutError):
            socket.recv(1)
    with connected(run) as socket:
        subscribe(socket, channels(socket)["metrics"])
        assert "values" in message(socket)[1]
