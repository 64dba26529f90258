"""What passes the launcher's door: no machine of a former launch, no order before the places, and no line but reports."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from tests.parts.run_cli import CLI, Run
from tests.tutelage.test_curve import free_ports
from tests.tutelage.test_lives import Caller
from tests.tutelage.test_supervisor import write_graph
from tutelage import launcher
from tutelage.graph import Graph, NodePlan
from tutelage.supervision import child
from tutelage.supervision.machines import keys
from tutelage.supervision.machines.door import Door
from tutelage.supervision.machines.types import fingerprints
from tutelage.transport import sockets
from tutelage.transport.curve import Gate, Key
from tutelage.transport.places import Places

GRAPH = Graph("one", [NodePlan("sim", run="nodes.simulator:Simulator", host="far")])


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a short path, for sockets."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = Path(tempfile.mkdtemp(prefix="door-"))
    yield folder
    shutil.rmtree(folder)


def test_a_machine_of_a_former_launch_is_told_that_it_is_over_and_is_not_taken_in(short: Path) -> None:
    """A resumed run has the former one's name, but another key."""
    server, machine, launch = Key.new(), Key.new(), Key.new()
    keys.allow("far", machine.public)
    where = f"tcp://127.0.0.1:{free_ports(1)[0]}"
    door = child.fork(
        "door", lambda line: Door(GRAPH, "one", short, b"", Places("", launch, {}), where, server).serve(line),
        short / "log",
    )  # fmt: skip
    far = Caller(where, server.public, machine)
    place = ["far", "tcp://127.0.0.1:9", "tcp://127.0.0.1:10"]
    here: dict[str, Any] = {"here": True, "places": {"sim": place}, "fingerprints": fingerprints(GRAPH.nodes)}
    mail = {"node": "sim", "life": 0, "first": 0, "lines": [], "heard": 2}
    for said in (here, mail):
        assert far.answer(launch=Key.new().public, **said) == {"over": True}
    welcome: dict[str, Any] = far.answer()["welcome"]  # type: ignore[assignment]
    assert welcome["key"] == [*launch]
    assert far.answer(launch=launch.public, **here) == {"places": {"sim": place}}
    door.lifeline.settimeout(10)
    waited = door.lifeline.recv(65536).decode().splitlines()
    assert [json.loads(line)["waiting"] for line in waited] == [["far"], []]
    door.lifeline.close()
    os.waitpid(door.pid, 0)
    far.context.destroy(linger=0)


PLACES = {"places": {"sim": ["far", "tcp://127.0.0.1:9", "tcp://127.0.0.1:10"]}}
ORDER = {"node": "sim", "life": 0, "first": 0, "lines": ['start {"hurried": false}'], "heard": 0}


@pytest.mark.parametrize("packets, starts", [((ORDER, PLACES), False), ((ORDER, PLACES, ORDER), True)])
def test_no_node_starts_before_its_machine_knows_the_places(
    short: Path, tmp_path: Path, packets: tuple[dict[str, Any], ...], starts: bool
) -> None:
    """It would hear those on its own machine alone. The order comes again each second."""
    server, machine = Key.new(), keys.new()
    keys.allow("near", server.public)
    where, context = f"127.0.0.1:{free_ports(1)[0]}", sockets.Context()
    gate = Gate(context, server, lambda key: "far" if key == machine.public else "")
    outside = sockets.router(context, f"tcp://{where}", gate)
    outside.setsockopt(zmq.RCVTIMEO, 20_000)
    gate.open()
    joined = subprocess.Popen([sys.executable, CLI, "join", "near", where], cwd=tmp_path)
    told = {"run": "one", "secret": "00", "key": Key.new(), "host": "far", "before": {}, "graph": GRAPH.to_json()}
    try:
        answer(outside, "ask", {"welcome": told})
        answer(outside, "here", *packets, {"over": True})
        assert joined.wait(20) == 0
    finally:
        joined.kill()
        gate.close()
        context.destroy(linger=0)
    assert (tmp_path / "runs/one/logs/sim.log").exists() == starts


def answer(outside: sockets.Socket, asked: str, *packets: dict[str, Any]) -> None:
    """Sends packets to a machine, once it has sent one with this word."""
    while True:
        connection, body = outside.recv_multipart()
        if asked in json.loads(body):
            break
    for packet in packets:
        outside.send_multipart([connection, json.dumps(packet).encode()])


@pytest.mark.parametrize("line", ["hello", '{"event": "alive", "new": 1}'])
def test_a_line_of_another_machine_that_is_no_report_ends_the_run_in_a_sentence(
    short: Path, tmp_path: Path, line: str
) -> None:
    server, machine = keys.new(), Key.new()
    keys.allow("far", machine.public)
    write_graph(tmp_path, "host: far", counter="Counter", idle="Idle")
    where = f"127.0.0.1:{free_ports(1)[0]}"
    run = Run(tmp_path, str(tmp_path / "graph.yaml"), "--listen", where)
    far = Caller(f"tcp://{where}", server.public, machine)
    welcome: dict[str, Any] = far.answer()["welcome"]  # type: ignore[assignment]
    places = {name: ["far", "tcp://127.0.0.1:9", "tcp://127.0.0.1:10"] for name in ("counter", "idle")}
    types = fingerprints(launcher.graph(str(tmp_path / "graph.yaml"), []).nodes)
    said = {"launch": welcome["key"][0], "here": True, "places": places, "fingerprints": types}
    assert "places" in far.answer(**said)
    order = json.loads(far.socket.recv())
    far.socket.send(json.dumps({**order, "launch": said["launch"], "first": 0, "lines": [line], "heard": 1}).encode())
    run.wait(20)
    assert run.process.returncode == 1 and f"far says of {order['node']} what is no report: " in run.output
    assert "Traceback" not in run.output
    far.context.destroy(linger=0)
