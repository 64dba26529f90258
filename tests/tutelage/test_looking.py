"""The commands that look inside a graph while it runs: what is there, and what is said."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.parts.run_cli import CLI, Run, cli
from tests.tutelage.test_supervisor import launch, until_running

NODES = {"teleoperator", "simulator", "policy", "discriminator", "learner", "evaluator", "report", "console"}
TOPICS = ["action", "demonstration", "episode", "evaluation", "metrics", "observation", "score", "status", "transition", "weights"]  # fmt: skip


@pytest.fixture(scope="module")
def going(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run in the midst of learning, which goes on for as long as the tests look at it."""
    run = Run(tmp_path_factory.mktemp("going"), "gail.yaml", "budget:=100000000", "episodes:=1")
    run.until_learning(rows=2)
    yield run
    os.kill(run.process.pid, signal.SIGINT)
    run.wait()


def started(*arguments: str | Path) -> subprocess.Popen[str]:
    """A looking command that was started; its output is to be read."""
    command = [sys.executable, CLI, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def printed(*arguments: str | Path) -> str:
    """What a command prints that comes to a good end."""
    done = cli(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_node_list_knows_who_runs_and_who_is_stopped(going):
    os.kill(going.nodes()["evaluator"], signal.SIGSTOP)
    try:
        rows = {row["node"]: row for row in listed(going)}
    finally:
        os.kill(going.nodes()["evaluator"], signal.SIGCONT)
    assert rows.keys() == NODES
    assert {name: row["process_id"] for name, row in rows.items()} == going.nodes()
    assert rows["learner"]["state"] == "running" and rows["learner"]["restarts"] == 0
    if Path("/proc").exists():
        assert rows["evaluator"]["state"] == "stopped"
    assert [rows["learner"]["run"], "learner"] in [line.split()[:2] for line in printed("node", "list").splitlines()]


def listed(run: Run) -> list[dict[str, Any]]:
    """The rows of `node list` about one run; others may be running on this machine."""
    return [row for row in json.loads(printed("node", "list", "--json")) if row["process_id"] in run.nodes().values()]


def test_topic_list_knows_who_says_and_who_hears(going):
    rows = {row["topic"]: row for row in json.loads(printed("topic", "list", "--run", going.run_dir, "--json"))}
    assert rows.keys() >= set(TOPICS)
    assert rows["transition"] == {
        "topic": "transition", "type": "Transition", "says": ["simulator"], "hears": ["learner", "discriminator"], "rate": None,
    }  # fmt: skip
    assert set(rows["status"]["says"]) == NODES and rows["status"]["hears"] == ["console"]


def test_info_tells_all_of_one_node_and_of_one_topic(going):
    told = printed("node", "info", "learner", "--run", going.run_dir)
    for line in ("learner   nodes.learner:PPOLearner", f"running, process {going.nodes()['learner']}, 0 restarts"):
        assert line in told
    for pattern in (r"transition +from simulator", r"weights +to .*policy", r"budget +100000000"):
        assert re.search(pattern, told), pattern
    told = printed("topic", "info", "score", "--run", going.run_dir)
    assert told.startswith("score   published by discriminator, to learner\n") and "absorbing_reward" in told
    assert printed("topic", "find", "Transition", "--run", going.run_dir) == "transition\n"
    done = cli("topic", "find", "Transiton", "--run", going.run_dir)
    assert done.returncode == 2 and done.stdout == "" and "did you mean 'Transition'?" in done.stderr


def test_echo_prints_one_field_of_one_message(going):
    told = printed("topic", "echo", "weights", "--once", "--field", "policy_version", "--run", going.run_dir)
    assert told.strip().isdecimal()
    done = cli("topic", "echo", "weights", "--field", "version", "--run", going.run_dir)
    assert done.returncode == 2 and "has no field 'version'" in done.stderr


def test_who_names_no_run_is_told_which_of_several_it_is_and_steers_none(going, tmp_path):
    for name in ("one", "two", "else/two"):
        sockets, run = tmp_path / f"tutelage-{os.getuid()}" / name.replace("/", "-"), tmp_path / name
        sockets.mkdir(parents=True)
        run.mkdir(parents=True)
        (sockets / "run_dir").write_text(str(run))
        (run / "graph.json").write_bytes((going.run_dir / "graph.json").read_bytes())
        about = {"launcher": going.process.pid, "sockets": str(sockets), "nodes": {}}
        (run / "processes.json").write_text(json.dumps(about))
    done = cli("topic", "list", TMPDIR=str(tmp_path))
    assert done.stderr == "this is two, the newest of 3 runs: name another by --run\n"
    done = cli("topic", "list", "--run", "two", TMPDIR=str(tmp_path))
    assert f"two: several runs have this name, so name a folder: --run {tmp_path}" in done.stderr
    done = cli("node", "stop", "report", TMPDIR=str(tmp_path))
    assert "several graphs are running: say which one you mean: --run " in done.stderr and done.returncode == 2
    assert cli("topic", "list", "--run", str(tmp_path / "one"), TMPDIR=str(tmp_path)).stderr == ""


def test_topic_rates_are_those_of_the_processes(going):
    rows = json.loads(printed("topic", "list", "--run", going.run_dir, "--rates", "--json"))
    rates = {row["topic"]: row["rate"] for row in rows}
    measured = json.loads(printed("topic", "hz", "observation", "--run", going.run_dir, "--count", "1", "--json"))
    assert rates["demonstration"] == 0
    assert measured["rate_hz"] / 5 < rates["observation"] < 5 * measured["rate_hz"]


def test_echo_prints_every_field_of_every_message(going):
    lines = printed("topic", "echo", "observation", "--run", going.run_dir, "--count", "50", "--json", "--full")
    said = [json.loads(line) for line in lines.splitlines()]
    assert len(said) == 50
    assert np.array(said[0]["observation"]).shape == (32, 4)
    for before, after in pairwise(said):
        assert after["sequence"] == before["sequence"] + 1 + after["lost"]
        assert after["sent_ns"] > before["sent_ns"]


def test_echo_of_status_hears_every_process(going):
    lines = printed("topic", "echo", "status", "--run", going.run_dir, "--count", "24", "--json")
    said = {line["node"]: line["process_id"] for line in map(json.loads, lines.splitlines())}
    assert said.items() <= going.nodes().items() and {"simulator", "learner", "report"} <= said.keys()


def test_hz_tells_rate_evenness_and_weight(going):
    text = printed("topic", "hz", "observation", "--run", going.run_dir, "--count", "2", "--window", "100")
    assert len(text.splitlines()) == 2
    assert "observation: " in text and " a second" in text and "100 messages, 0 lost" in text


@pytest.mark.slow
def test_bw_and_delay_tell_of_the_same_messages(going):
    words = ("observation", "--run", going.run_dir, "--count", "1", "--json")
    weighed, late = (json.loads(printed("topic", verb, *words)) for verb in ("bw", "delay"))
    assert weighed["min_bytes"] > 32 * 4 * 4 and weighed["bytes_per_second"] > weighed["mean_bytes"]
    assert 0 < late["min_seconds"] <= late["mean_seconds"] <= late["max_seconds"]
    assert " a second; a message has " in printed("topic", "bw", *words[:-1])
    assert " ms after publishing in the mean, " in printed("topic", "delay", *words[:-1])


def test_echo_as_csv_is_read_by_others(going):
    told = printed("topic", "echo", "observation", "--run", going.run_dir, "--count", "20", "--csv")
    rows = list(csv.DictReader(told.splitlines()))
    assert len(rows) == 20 and rows[0]["sender"] == "simulator"
    assert np.isfinite([[float(row[f"observation[{i}]"]) for i in range(128)] for row in rows]).all()
    done = cli("topic", "echo", "action", "score", "--csv", "--run", going.run_dir)
    assert done.returncode == 2 and "--csv: rows have the columns of one topic" in done.stderr
    assert "leave out" in cli("topic", "echo", "action", "--csv", "--json", "--run", going.run_dir).stderr


def test_hz_counts_what_was_published_at_5000_a_second(tmp_path):
    """Against the publisher's own list, of the same messages; those that hz missed are counted, too."""
    run = launch(tmp_path, clock="Metronome")
    until_running(run, 1)
    last = {"messages": 0}
    with started("topic", "hz", "number", "--run", run.run_dir, "--window", "1000000", "--json") as measuring:
        assert measuring.stdout
        for line in measuring.stdout:  # it ends with the run
            last = max(last, json.loads(line), key=lambda report: report["messages"])
            if last["messages"] > 20_000:  # a loaded machine stalls for some 10 ms
                (run.run_dir / "enough").touch()
    run.ends_well()
    heard = last["messages"] + last["lost"]
    times = np.load(run.run_dir / "times.npy")[-heard:]
    assert last["rate_hz"] == pytest.approx((heard - 1) / (times[-1] - times[0]) * 1e9, rel=0.01)


def test_ctrl_c_ends_an_echo_in_good_order(going):
    looking = started("topic", "echo", "observation", "--run", going.run_dir)
    assert looking.stdout and looking.stdout.readline()
    looking.send_signal(signal.SIGINT)
    _, errors = looking.communicate(timeout=10)
    assert looking.returncode == 0
    assert errors.startswith("observation: ") and errors.endswith(" lost\n")


@pytest.mark.parametrize("topic", ["observation", "evaluation"])
def test_an_echo_ends_when_nobody_reads_it(going, topic):
    with started("topic", "echo", topic, "--run", going.run_dir) as looking:
        assert looking.stdout and looking.stderr
        if topic == "observation":  # nothing comes on the other
            looking.stdout.readline()
        looking.stdout.close()
        assert looking.wait(timeout=10) == 0
        assert re.fullmatch(rf"{topic}: \d+ heard, \d+ lost\n", looking.stderr.read())


def test_what_is_unknown_is_said_in_one_sentence(going, tmp_path):
    run = ("--run", going.run_dir)
    for command, said in [
        (("topic", "echo", "transitoin", *run), "transitoin: no node of run publishes this topic; did you mean 'transition'?"),
        (("topic", "hz", "wights", *run), "wights: no node of run publishes this topic; did you mean 'weights'?"),
        (("node", "log", "lerner", *run), "lerner: there is no such node in run; did you mean 'learner'?"),
        (("topic", "list", "--run", "nowhere"), "nowhere: no run of this name or folder is running; "),
    ]:  # fmt: skip
        done = cli(*command)
        assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith(said), done.stderr
    done = cli("topic", "list", TMPDIR=str(tmp_path))
    assert done.returncode == 2 and done.stderr.startswith("no graph is running: start one")


def test_echo_and_followed_log_end_with_the_run(tmp_path):
    run = Run(tmp_path, "gail.yaml", "budget:=100000000", "episodes:=1")
    run.until_learning(rows=1)
    log = run.run_dir / "logs" / "learner.log"
    log.write_text("one\ntwo\nthree\n")
    with (
        started("topic", "echo", "evaluation", "--run", run.run_dir, "--json") as echoed,
        started("node", "log", "learner", "--run", run.run_dir, "--follow", "--lines", "2") as followed,
    ):
        assert followed.stdout and echoed.stdout
        assert [followed.stdout.readline() for _ in range(2)] == ["two\n", "three\n"]
        with log.open("a") as file:
            file.write("four\n")
        assert followed.stdout.readline() == "four\n"
        os.kill(run.process.pid, signal.SIGINT)
        run.wait()
        assert [process.wait(timeout=10) for process in (echoed, followed)] == [0, 0]
        assert all(json.loads(line)["topic"] == "evaluation" for line in echoed.stdout)
    assert printed("node", "log", "learner", "--run", run.run_dir, "--lines", "1") == "four\n"


LOOKING = [
    "node list",
    "node info learner",
    "topic list",
    "topic info weights",
    "param list",
    "param describe learner clip",
]


@pytest.mark.parametrize("words", LOOKING)
def test_what_only_looks_loads_no_node(going, words):
    command = [sys.executable, "-X", "importtime", CLI, *words.split()]
    where = [] if words == "node list" else ["--run", going.run_dir]
    done = subprocess.run([*command, *where], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout, done.stderr[-300:]
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "click" in loaded and "torch" not in loaded
    assert not [name for name in loaded if name.startswith("tutelage.nodes.") and ".screens" not in name]


def test_help_needs_nothing_heavy():
    code = "import sys, cli; print(sorted({'numpy', 'zmq', 'torch', 'rich', 'yaml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=CLI.parent, capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr
