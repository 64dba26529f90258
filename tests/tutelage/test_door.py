"""The launcher's door hears machines of its own launch, and no others."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tutelage.test_curve import free_ports
from tests.tutelage.test_lives import Caller
from tutelage.graph import Graph, NodePlan
from tutelage.supervision import child
from tutelage.supervision.machines import keys
from tutelage.supervision.machines.door import Door
from tutelage.supervision.machines.types import fingerprints
from tutelage.transport.curve import Key
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
