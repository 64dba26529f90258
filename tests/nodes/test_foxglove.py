"""A running graph, seen by a websocket client that speaks Foxglove's protocol."""

from __future__ import annotations

import contextlib
import json
import re
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parts.run_cli import Run
from tests.tutelage.test_supervisor import write_graph
from tutelage.codec import Header
from tutelage.messages import Order
from tutelage.nodes.foxglove import captured_ns
from tutelage.observers.listener import Heard
from tutelage.transport import places
from tutelage.transport.curve import Key

pytest.importorskip("foxglove", reason="needs the extra foxglove")
client = pytest.importorskip("websockets.sync.client")

ADDRESS = re.compile(r"Foxglove: (ws://127\.0\.0\.1:\d+)")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path, "gail.yaml", "budget:=10000000", "episodes:=2", "foxglove:=true")
    run.until(lambda: ADDRESS.search(run.output) is not None)
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


@pytest.fixture
def orders(tmp_path: Path) -> Iterator[Run]:
    """A run in which what is in the folder `wishes` is said."""
    foxglove, orderer = "  foxglove: {run: nodes.foxglove:Foxglove}", f"Orderer {{wishes: {tmp_path / 'wishes'}}}"
    write_graph(tmp_path, foxglove, orderer=orderer, obedient="Obedient", clerk="Clerk")
    run = Run(tmp_path, "graph.yaml")
    run.until(lambda: ADDRESS.search(run.output) is not None)
    yield run
    run.kill()


def order(run: Run, **words: str) -> None:
    """Has these words said at once, after those before."""
    fresh, wishes = run.run_dir.parent / "fresh", run.run_dir.parent / "wishes"
    fresh.mkdir()
    for name, word in words.items():
        (fresh / name).write_text(word)
    run.until(lambda: not wishes.exists() or not list(wishes.iterdir()))
    fresh.rename(wishes)  # in place of the empty one


def shown(socket: Any, seconds: float) -> bool:
    """Whether something is shown within this time."""
    with contextlib.suppress(TimeoutError):
        return isinstance(socket.recv(seconds), bytes)
    return False


def observers(run: Run, node: str) -> int:
    """How many connections lead to a node's tap."""
    path = json.loads((run.run_dir / "processes.json").read_text())["sockets"] + f"/{node}.tap"
    known = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    return sum(words[-1] == path and words[5] == "03" for words in known)  # 03: connected


@pytest.mark.skipif(not Path("/proc/net/unix").exists(), reason="Linux tells who is connected")
def test_nobody_is_asked_for_what_no_viewer_looks_at(orders: Run) -> None:
    with connected(orders) as socket:
        known = channels(socket)
        assert observers(orders, "orderer") == 0
        subscribe(socket, known["note"] | {"id": known["note"]["id"] + 10**6})  # a channel that is not there
        subscribe(socket, known["wish"])
        orders.until(lambda: observers(orders, "orderer") == 1)
    orders.until(lambda: observers(orders, "orderer") == 0)


def test_of_messages_that_come_together_the_last_is_shown(orders: Run) -> None:
    with connected(orders) as socket:
        subscribe(socket, channels(socket)["wish"])
        while not shown(socket, 0.5):  # until the subscription has come to the orderer
            order(orders, wish="hello")
        order(orders, wish="move", noted="stop")
        while message(socket)[1]["word"] != "stop":
            pass


def test_another_machines_clock_is_not_read_as_ours() -> None:
    known = places.Places("", Key.new(), {"arm": places.Place("robot", "", "")})
    for sender, since in (("arm", 0), ("policy", 1000)):
        header = Header("run", sender, 0, 0, time.monotonic_ns() - 1000 * 10**9, 0)
        stamp = captured_ns(Heard("order", header, Order(0, 0, "stop", ""), 1, 0), known)
        assert abs((time.time_ns() - stamp) / 1e9 - since) < 60
