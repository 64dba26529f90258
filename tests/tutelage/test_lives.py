"""A machine that Ray chooses has lives: the door hears the newest alone, and only that one can save."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parts.run_cli import cli
from tests.parts.waiting import until
from tutelage.checkpointing import Checkpointing
from tutelage.files import checkpoint, durable
from tutelage.files.append_only import AppendOnlyFile
from tutelage.graph import Graph, NodePlan, node_class
from tutelage.nodes.simulator import Simulator
from tutelage.supervision import child
from tutelage.supervision.machines import lives
from tutelage.supervision.machines.door import Door
from tutelage.supervision.machines.placed import Actor
from tutelage.transport import sockets
from tutelage.transport.bus import Bus, Who
from tutelage.transport.curve import Key
from tutelage.transport.inbox import Inbox
from tutelage.transport.outbox import Outbox
from tutelage.transport.places import Places

ROOT = Path(__file__).parents[2]
LAUNCH = ROOT / "launch"


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short path, for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="lives-"))
    yield folder
    shutil.rmtree(folder)


def test_the_next_life_has_another_key_and_the_former_counts_no_more(short: Path) -> None:
    first, second = Key.new().public, Key.new().public
    lives.admit(short, "ray-1", first)
    assert lives.name_of(short, first) == f"ray-1 {first}"
    lives.admit(short, "ray-1", second)
    assert lives.name_of(short, first) == "" and lives.key_of(short, "ray-1") == second
    assert lives.key_of(short, "robot") == ""


def test_the_next_life_has_the_checkpoints_and_the_former_can_save_none(tmp_path: Path, short: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    first = tmp_path / lives.checkpoints(tmp_path, "ray-1")
    node = Simulator(env="CartPole-v1")
    node.beside = first / "simulator"
    bus = Bus(Who("run", "simulator", 0), short, Inbox([]), {}, Outbox({}))
    saving, rows = Checkpointing(node, bus, durable=False), AppendOnlyFile(first / "simulator.rows")
    rows.append(b"row")
    assert saving.save() and not node.unkept
    second = tmp_path / lives.checkpoints(tmp_path, "ray-1")
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["ray-1.2"]
    assert (second / "simulator.checkpoint").exists() and (second / "simulator.rows").read_bytes() == b"row"
    assert not saving.save()
    saving.keep()
    assert "simulator.checkpoint" in node.unkept and not first.exists()
    with pytest.raises(FileNotFoundError):
        rows.append(b"another")
    bus.close()
    node.close()


def test_a_former_life_amid_an_append_cuts_nothing_off_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "checkpoints").mkdir()
    former = AppendOnlyFile(tmp_path / lives.checkpoints(tmp_path, "ray-1") / "a.rows")
    former.append(b"one ")
    opened = os.open

    def overtaken(*words: Any) -> int:
        file = opened(*words)
        monkeypatch.undo()
        following = AppendOnlyFile(tmp_path / lives.checkpoints(tmp_path, "ray-1") / "a.rows")
        following.load(former.state())
        following.append(b"two ")
        following.append(b"three ")
        counted.append((following, following.state()))
        return file

    counted: list[tuple[AppendOnlyFile, dict[str, int]]] = []
    monkeypatch.setattr(os, "open", overtaken)
    with pytest.raises(FileNotFoundError):
        former.append(b"two ")
    ((following, state),) = counted
    assert following.load(state) == b"one two three "


def test_a_former_life_amid_a_checkpoint_writes_nothing_into_that_of_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    folder = tmp_path / lives.checkpoints(tmp_path, "ray-1")
    with (folder / "a.checkpoint.new").open("wb") as former:
        path = tmp_path / lives.checkpoints(tmp_path, "ray-1") / "a.checkpoint"
        checkpoint.save(path, {"number": 1}, durable=False)
        former.write(b"what the former life has to save")
    assert checkpoint.load(path) == {"number": 1}


class Caller:
    """A machine at the door, with a key."""

    def __init__(self, where: str, server: str, key: Key) -> None:
        self.context = sockets.Context()
        self.socket = sockets.dealer(self.context, where, server=server, key=key)

    def answer(self, **said: object) -> dict[str, object]:
        """What the door answers to a packet; by default, to one that asks."""
        self.socket.send(json.dumps(said or {"ask": True}).encode())
        assert self.socket.poll(10_000), "the door has not answered"
        told: dict[str, object] = json.loads(self.socket.recv())
        return told


def test_the_door_tells_a_former_life_that_the_run_is_over(short: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        where = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    graph = Graph("one", [NodePlan("sim", run="nodes.simulator:Simulator", host="ray-1", on={"cpu": 1})])
    server, (former, newest) = Key.new(), (Key.new(), Key.new())
    places = Places("", Key.new(), {})
    door = child.fork(
        "door", lambda line: Door(graph, "run", short, b"", places, where, server).serve(line), short / "log"
    )
    lives.admit(short, "ray-1", former.public)
    first = Caller(where, server.public, former)
    assert "welcome" in first.answer()
    lives.admit(short, "ray-1", newest.public)
    second = Caller(where, server.public, newest)
    assert "welcome" in second.answer()
    assert first.answer() == {"over": True}  # on the connection that it has had all the time
    door.lifeline.close()
    os.waitpid(door.pid, 0)
    assert json.loads(second.socket.recv()) == {"over": True}  # the end of the run comes to the newest
    for one in (first, second):
        one.context.destroy(linger=0)


def begun(folder: Path) -> Actor:
    """What Ray's actor does on a machine, without Ray."""
    durable.write_json(folder / "run.json", {"run": "name"})
    actor = Actor()
    told = ("checkpoints/ray-1.1", Key.new().public, "127.0.0.1:9")
    assert len(actor.start("name", str(folder), str(folder), str(folder / "log"), *told)) == 64
    return actor


def test_what_an_actor_has_started_ends_with_it(tmp_path: Path) -> None:
    actor = begun(tmp_path)
    process = actor._process
    waiting = threading.Thread(target=actor.run)
    waiting.start()
    until(lambda: "waiting for the launcher" in (tmp_path / "log").read_text())
    assert process.stdin and process.stdout
    process.stdin.close()  # as the kernel does when the actor is killed
    waiting.join(20)
    process.stdout.close()
    assert process.returncode == 2


def test_a_machine_that_does_not_share_the_runs_folder_starts_nothing(tmp_path: Path) -> None:
    durable.write_json(tmp_path / "run.json", {"run": "another"})
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert Actor().start("name", str(folder), str(tmp_path), str(tmp_path / "log")) == ""
    assert not (tmp_path / "log").exists()


def writing(path: Path) -> Iterator[str]:
    """The classes of a file of nodes/ that use the run's folder, or record."""
    for made in ast.parse(path.read_text()).body:
        if isinstance(made, ast.ClassDef) and re.search(r"self\.run_dir|\(RecordingNode\)", ast.unparse(made)):
            yield made.name


def test_who_writes_in_the_runs_folder_says_so() -> None:
    found = {f"{path.stem}:{name}" for path in (ROOT / "nodes").glob("*.py") for name in writing(path)}
    known = {name: node_class(f"nodes.{name}") for name in found}
    silent = {name for name, kind in known.items() if not (kind.writes or kind.screen or kind.observer)}
    assert "recorder:Recorder" in found - silent and "report:Report" in found - silent
    assert silent == {"discriminator:Discriminator"}  # one file, at its end, when it still has its checkpoints


def test_a_launch_file_with_on_needs_the_address_of_ray(tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text(f"include: [{{file: {LAUNCH}/gail.yaml, on: {{gpu: 1}}}}]")
    done = cli("launch", "two.yaml", cwd=tmp_path)
    assert done.returncode == 2 and "policy: it is to run on a machine that Ray chooses: say where" in done.stderr
    assert "say where that machine reaches this one" not in done.stderr
    assert "console: it shows the run, which only the launcher's machine can" in done.stderr
    for node in ("report", "evaluator"):
        assert f"{node}: it writes results in the run's folder, where one process alone may: leave it at" in done.stderr
    assert not list(tmp_path.glob("runs/*"))
