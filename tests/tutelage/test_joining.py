"""What joining a run rests on: keys in files, lines that survive a bad link, and a graph without its nodes' classes."""

from __future__ import annotations

import json
import random
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.parts.run_cli import CLI, cli
from tutelage import launcher
from tutelage.graph import Graph, traits
from tutelage.input.problems import Refusal
from tutelage.supervision.machines.mail import Mail
from tutelage.supervision.machines.ports import Ports, parsed
from tutelage.supervision.machines.types import difference, fingerprints
from tutelage.transport.curve import Key
from tutelage.transport.places import Place


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch) -> Path:
    """Where this machine's keys are."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return Path(tmp_path / "tutelage/machines")


def test_a_machine_has_one_key_which_only_its_user_can_read(keys) -> None:
    public = cli("keys", "new").stdout.split()[-1]
    other = Key.new().public
    assert cli("keys", "allow", "robot", other).returncode == 0
    assert [stat.S_IMODE((keys / name).stat().st_mode) for name in ("own", "allowed/robot")] == [0o600, 0o600]
    listed = [(row["name"], row["key"]) for row in json.loads(cli("keys", "list", "--json").stdout)]
    assert listed == [("(this machine)", public), ("robot", other)]
    again = cli("keys", "new")
    assert again.returncode == 2 and "has a key already" in again.stderr
    assert cli("keys", "revoke", "robot").returncode == 0 and not (keys / "allowed/robot").exists()


@pytest.mark.parametrize(
    "words, why",
    [
        (("allow", "robot", "no key"), "this is no key"),
        (("allow", "../robot", "0" * 64), "this is no name of a machine"),
        (("revoke", "robot"), "no machine of this name is allowed"),
        (("revoke", "../own"), "no machine of this name is allowed"),
    ],
)
def test_what_is_no_key_or_no_name_is_refused(words, why) -> None:
    done = cli("keys", *words)
    assert done.returncode == 2 and why in done.stderr


def test_a_key_that_others_can_read_is_refused(keys) -> None:
    cli("keys", "new")
    cli("keys", "allow", "near", "0" * 64)
    (keys / "own").chmod(0o644)
    done = cli("join", "near", "127.0.0.1")
    assert done.returncode == 2 and "this key is not yours alone" in done.stderr


@pytest.mark.parametrize("text", ["", "0" * 64, "0" * 64 + "\n" + "0" * 63, "\0" * 130], ids=len)
def test_a_damaged_key_is_refused_and_can_be_replaced(keys, text) -> None:
    cli("keys", "new")
    cli("keys", "allow", "near", "0" * 64)
    (keys / "own").write_text(text)
    for words in (("list",), ("list", "--json")):
        done = cli("keys", *words)
        assert done.returncode == 2 and "own: this key is damaged: remove it" in done.stderr
    (keys / "allowed/near").write_text(text[65:])
    done = cli("join", "near", "127.0.0.1")
    assert done.returncode == 2 and "near: this key is damaged" in done.stderr
    assert cli("keys", "revoke", "near").returncode == cli("keys", "allow", "near", "0" * 64).returncode == 0


def test_a_key_that_could_not_be_written_is_not_there(keys) -> None:
    command = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", sys.executable, str(CLI), "keys", "new"]
    full = subprocess.run(command, capture_output=True, text=True)
    assert full.returncode != 0 and list(keys.iterdir()) == [], full.stderr
    assert cli("keys", "new").returncode == 0


def test_lines_arrive_once_and_in_order_over_a_link_that_loses_most() -> None:
    chance, near, far = random.Random(0), Mail("node", 0), Mail("node", 0)
    heard: dict[int, list[str]] = {0: [], 1: []}
    for number in range(200):
        for index, (sender, receiver) in enumerate(((near, far), (far, near))):
            sender.say(f"{number}")
            packet = json.loads(json.dumps(sender.packet()))
            for _ in range(chance.choice([0, 0, 0, 1, 2])):
                heard[index] += receiver.take(packet)
    for index, (sender, receiver) in enumerate(((near, far), (far, near))):
        heard[index] += receiver.take(sender.packet())
    said = [str(number) for number in range(200)]
    assert heard == {0: said, 1: said}
    near.take(far.packet())
    assert near.packet()["lines"] == []  # what was acknowledged is forgotten


def test_a_packet_is_due_for_news_and_for_what_has_come_but_not_for_an_acknowledgement() -> None:
    near, far = Mail("node", 0), Mail("node", 0)
    near.say("begin")
    assert near.news
    far.take(near.packet())
    assert far.news and not near.news
    near.take(far.packet())
    assert not near.news


@pytest.mark.parametrize("file", ["gail.yaml", "record.yaml"])
def test_a_graph_is_the_same_for_a_machine_without_its_nodes_classes(file, tmp_path) -> None:
    words = ["record:=true"] if file == "gail.yaml" else ["robot:=cartpole_dynamixel.yaml"]
    graph = launcher.graph(file, words)
    told = replace(graph, nodes=[replace(plan, traits=sorted(traits(plan))) for plan in graph.nodes])
    read = Graph.from_json(told.to_json())
    for plan in read.nodes:
        plan.run = "nowhere:Nothing"
    assert read.sinks() == graph.sinks() and read.by_the_clock() == graph.by_the_clock()
    assert [read.listeners(plan) for plan in read.nodes] == [graph.listeners(plan) for plan in graph.nodes]


def test_another_version_of_a_message_is_noticed() -> None:
    plans = launcher.graph("gail.yaml", []).nodes
    ours = fingerprints(plans)
    theirs = json.loads(json.dumps(ours))
    assert difference(ours, theirs) == ""
    theirs["policy"]["action"] = "another"
    assert difference(ours, theirs) == "policy's action"


def test_a_nodes_ports_are_its_own_and_the_same_after_another_join() -> None:
    first = Ports("far", "127.0.0.1", ["a", "b"], {})
    assert len({where for place in first.places.values() for where in place[1:]}) == 4
    first.close()
    again = Ports("far", "127.0.0.1", ["a", "b"], first.places)
    assert again.places == first.places
    again.close()


def test_a_port_that_another_program_has_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        where = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(Refusal, match="this address cannot be used"):
            Ports("far", "127.0.0.1", ["a"], {"a": Place("far", where, where)})


@pytest.mark.parametrize("address", ["", ":7700", "10.0.0.1:x", "10.0.0.1:70000", "no.such.host.invalid"])
def test_what_is_no_address_is_refused(address) -> None:
    with pytest.raises(Refusal, match="this is no address"):
        parsed(address)
