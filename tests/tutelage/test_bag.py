"""The commands that record, show, play and export what nodes say."""

import json
import os
import resource
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap.reader import make_reader

from tests.parts.run_cli import Run, cli, finished
from tests.parts.waiting import until
from tests.tutelage.test_looking import printed, started
from tutelage.message import Message
from tutelage.nodes.player import BATCH, Player
from tutelage.recording import Reader

TINY = ("gail.yaml", "budget:=4096", "episodes:=1", "demonstrations_count:=2", "record:=true")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that was recorded from within."""
    return finished(tmp_path_factory.mktemp("recorded"), *TINY)


def topics(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """What `bag info` says of each topic and sender."""
    told = json.loads(printed("bag", "info", path, "--json"))
    return {(row["topic"], row["sender"]): row for row in told["topics"]}


def played(**parameters: Any) -> list[Message]:
    """All that a player says when no time passes between messages."""
    player, said = Player(rate=0, **parameters), []
    while not player.done:
        said += list(player.tick())
    return said


def test_info_counts_what_is_there(recorded):
    rows = topics(recorded.run_dir)
    assert rows["transition", "simulator"]["messages"] == 2, "two rollouts; their end is a promise"
    assert rows["demonstration", "teleoperator"]["type"] == "Demonstration"
    assert not any(row["lost"] for row in rows.values())
    text = printed("bag", "info", recorded.run_dir)
    assert ", closed\n" in text and "transition" in text


def test_info_of_a_cut_file_says_where(recorded, tmp_path):
    whole = (recorded.run_dir / "recording.mcap").read_bytes()
    for size, why in (
        (len(whole) // 2, "the file ends inside a record"),
        (len(whole) - 1000, "the summary at its end is not whole; it has no messages"),
    ):
        (tmp_path / "cut.mcap").write_bytes(whole[:size])
        done = cli("bag", "info", tmp_path / "cut.mcap")
        assert done.returncode == 1 and "not closed" in done.stdout
        assert f"cannot be read: {why}" in done.stdout.splitlines()[-1]


def test_a_player_says_what_its_node_said_all_of_it_or_from_later_on(recorded):
    file = recorded.run_dir / "recording.mcap"
    whole = list(Reader(file))
    messages = [one for one in whole if one.sender == "simulator" and len(one.open()[1]) > 2]
    said = [one.open()[1] for one in messages]
    again = played(file=str(file), node="simulator")
    assert [message.step for message in again] == [fields[1] for fields in said]
    assert {type(message).__name__ for message in again} == {"Observation", "Transition", "Reward", "Episode"}
    middle = (messages[len(messages) // 2].received - whole[0].received) / 1e9
    later = played(file=str(file), node="simulator", skip=middle)
    assert 0 < len(later) < len(again)
    assert [message.step for message in later] == [message.step for message in again[-len(later) :]]


@pytest.mark.slow
def test_players_take_the_place_of_nodes_and_the_others_do_as_they_did(recorded, tmp_path):
    replaced = ("--node", "simulator", "--node", "teleoperator")
    done = cli("bag", "play", recorded.run_dir, *replaced, "--rate", "0", "--run-dir", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["weights_digest"] == recorded.digest


@pytest.mark.slow
def test_a_player_that_is_killed_goes_on_and_nobody_misses_anything(recorded, tmp_path):
    replaced = ("--node", "simulator", "--node", "teleoperator")
    run_dir = tmp_path / "run"
    with started("bag", "play", recorded.run_dir, *replaced, "--rate", "1", "--run-dir", run_dir) as playing:
        metrics = run_dir / "metrics.jsonl"  # its first line is written when half of it is played
        until(lambda: metrics.exists() and metrics.read_text(), 60)
        os.kill(json.loads((run_dir / "processes.json").read_text())["nodes"]["simulator"]["pid"], signal.SIGKILL)
        assert playing.wait(60) == 0
    report = json.loads((run_dir / "report.json").read_text())
    assert report["weights_digest"] == recorded.digest and report["node_restarts"] == {"simulator": 1}


def test_a_player_comes_back_to_where_it_was(recorded):
    parameters: Any = {"file": str(recorded.run_dir / "recording.mcap"), "node": "simulator", "rate": 0}
    player, again = Player(**parameters), Player(**parameters)
    said = list(player.tick())
    assert len(said) == BATCH
    again.load(player.state())
    for _ in range(2):
        assert [one.step for one in player.tick()] == [one.step for one in again.tick()]


@pytest.mark.slow
def test_a_recording_that_is_played_can_be_looked_at_and_recorded(recorded, tmp_path):
    with started("bag", "play", recorded.run_dir, "--rate", "1", "--run-dir", tmp_path / "run") as playing:
        until((tmp_path / "run" / "processes.json").exists)
        with started("bag", "record", "--run", tmp_path / "run", "--output", tmp_path / "again.mcap") as recording:
            echoed = printed("topic", "echo", "observation", "--run", tmp_path / "run", "--json", "--count", "1")
            assert json.loads(echoed)["sender"] == "simulator"
            assert recording.wait(60) == 0 == playing.wait(60)
    rows = topics(tmp_path / "again.mcap")
    assert rows["observation", "simulator"]["messages"] > 10 and ("status", "policy") in rows


@pytest.mark.slow
def test_a_running_graph_is_recorded_from_outside_until_ctrl_c(tmp_path):
    run, file = Run(tmp_path, "gail.yaml", "budget:=100000000", "episodes:=1"), tmp_path / "some.mcap"
    run.until_learning(rows=2)
    arguments = ("bag", "record", "observation", "weights", "--run", run.run_dir, "--output", file)
    with started(*arguments) as recording:
        until(lambda: file.exists() and any(True for _ in Reader(file)))
        recording.send_signal(signal.SIGINT)
        assert recording.wait(20) == 0
    again = cli(*arguments)
    run.process.send_signal(signal.SIGINT)
    run.wait()
    told, rows = json.loads(printed("bag", "info", file, "--json")), topics(file)
    assert rows.keys() <= {("observation", "simulator"), ("weights", "learner")} and told["closed"]
    assert sum(loss["messages"] for loss in told["losses"]) == sum(row["lost"] for row in rows.values())
    assert again.returncode == 2 and again.stderr.endswith("this file exists already: name another by --output\n")


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can bound the files of another process")
@pytest.mark.slow
def test_bag_record_says_at_once_that_the_disk_is_full(recorded, tmp_path):
    file = tmp_path / "again.mcap"
    with started("bag", "play", recorded.run_dir, "--rate", "0.2", "--run-dir", tmp_path / "run") as playing:
        until((tmp_path / "run" / "processes.json").exists)
        with started("bag", "record", "--run", tmp_path / "run", "--output", file) as recording:
            until(lambda: file.exists() and any(True for _ in Reader(file)))
            resource.prlimit(recording.pid, resource.RLIMIT_FSIZE, (0, 0))
            assert recording.stderr
            said = recording.stderr.readline()
            assert said == f"{file} cannot be written, so new messages are lost: [Errno 27] File too large\n"
            assert recording.poll() is None
        playing.send_signal(signal.SIGINT)


def test_the_export_is_read_by_mcaps_own_reader(recorded, tmp_path):
    printed("bag", "export", recorded.run_dir, tmp_path / "json.mcap")
    said = [one for one in Reader(recorded.run_dir / "recording.mcap") if len(one.open()[1]) > 2]
    with (tmp_path / "json.mcap").open("rb") as file:
        found = list(make_reader(file, validate_crcs=True).iter_messages(log_time_order=False))
    assert len(found) == len(said)
    for (schema, channel, message), one in zip(found, said, strict=True):
        assert schema
        assert (channel.topic, channel.message_encoding, schema.encoding) == (one.topic, "json", "jsonschema")
        if one.topic == "observation":
            values = np.array(json.loads(message.data)["observation"], np.float32)
            assert np.array_equal(values, one.open()[1][2])


def test_the_export_to_numpy_has_every_value(recorded, tmp_path):
    printed("bag", "export", recorded.run_dir, tmp_path / "all.npz")
    fields = [one.open()[1] for one in Reader(recorded.run_dir / "recording.mcap") if one.topic == "action"]
    with np.load(tmp_path / "all.npz") as arrays:
        assert np.array_equal(arrays["policy/action/action"], np.stack([one[2] for one in fields if len(one) > 2]))
        assert "learner/metrics/values" in arrays.files


def test_what_cannot_be_done_is_said_in_one_sentence(recorded, tmp_path):
    unrecorded = tmp_path / "unrecorded"
    unrecorded.mkdir()
    (unrecorded / "run.json").touch()
    for command, said in [
        (("bag", "play", recorded.run_dir, "--node", "simulatr"), "simulatr: it published nothing; did you mean 'simulator'?"),
        (("bag", "info", tmp_path), f"{tmp_path}: there is no recording.mcap here: launch with record:=true, or use `python cli.py bag record`"),
        (("verify", unrecorded), f"{unrecorded}: this run was not recorded, so there is nothing to verify or replay: launch it again with record:=true"),
        (("bag", "export", recorded.run_dir, tmp_path / "a.csv"), f"{tmp_path / 'a.csv'}: its suffix must be .mcap (JSON) or .npz"),
    ]:  # fmt: skip
        done = cli(*command)
        assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith(said), done.stderr
