"""The supervisor's promises."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.parts import run_cli
from tests.parts.forked import Forked
from tests.parts.run_cli import Run, cli
from tests.parts.waiting import exists, until, until_gone
from tutelage.graph import Graph
from tutelage.input.problems import Refusal
from tutelage.recording import Reader
from tutelage.supervision import registry, run_folder
from tutelage.supervision.child import MOST_UNSENT, Child, Program

NODES = Path(__file__).parents[1] / "parts" / "dying_nodes.py"
RECORDER = "  recorder: {run: nodes.recorder:Recorder}"


def launch(folder: Path, *options: str, **nodes: str) -> Run:
    """A run of nodes of dying_nodes.py."""
    write_graph(folder, **nodes)
    return Run(folder, "graph.yaml", *options)


def write_graph(folder: Path, *more: str, **nodes: str) -> None:
    """A launch file of nodes of dying_nodes.py, by name: `Class` or `Class {parameter: value}`, and of more lines."""
    folder.mkdir(exist_ok=True)
    lines = ["nodes:"]
    for name, node in nodes.items():
        kind, _, parameters = node.partition(" ")
        lines += [f"  {name}:", f"    run: {NODES}:{kind}", f"    parameters: {parameters or '{}'}"]
    (folder / "graph.yaml").write_text("\n".join([*lines, *more]))


def hasten(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Has the command line begin with these lines: with other times than its own."""
    first = f"import sys; sys.path.insert(0, {str(run_cli.CLI.parent)!r})"
    (folder / "hasty.py").write_text("\n".join([first, *lines, "import cli; cli.main()"]))
    monkeypatch.setattr(run_cli, "CLI", folder / "hasty.py")


PATIENCE = (
    "from tutelage.supervision import interrupts",
    "interrupts.HALT_SECONDS = interrupts.STOP_SECONDS = 100.0",
)
"""For a busy machine, and for one that must not wait so long."""


def until_running(run: Run, count: int) -> dict[str, int]:
    run.until(lambda: len(run.nodes()) >= count)
    return run.nodes()


def until_begun(run: Run) -> dict[str, int]:
    run.until(lambda: registry.has_begun(run.run_dir, run.process.pid))
    return run.nodes()


def test_a_node_that_dies_at_every_start_ends_the_run_with_its_own_error(tmp_path):
    run = launch(tmp_path, dead="Dead", counter="Counter", idle="Idle").wait()
    assert run.process.returncode == 1
    assert "dead could not be kept alive" in run.output
    assert "RuntimeError: this node cannot live" in run.output
    assert run.report["node_restarts"] == {"dead": 5}


@pytest.mark.parametrize("options", [(), ("--one-process",)])
def test_what_a_node_refuses_was_never_begun_and_the_corrected_command_can_use_the_folder(tmp_path, options):
    marking = f"Marking {{mark: {tmp_path / 'mark'}}}"
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes").touch()
    run = launch(tmp_path, *options, marking=marking, refusing="Refusing").wait()
    assert (run.process.returncode, run.output) == (2, "refusing: wants something else\n")
    assert not (tmp_path / "mark").exists()
    assert [path.name for path in run.run_dir.iterdir()] == ["notes"]
    run = launch(tmp_path, *options, marking=marking).ends_well()
    assert (tmp_path / "mark").exists()


def test_a_refused_run_leaves_no_folder_of_its_own(tmp_path):
    write_graph(tmp_path, refusing="Refusing")
    assert cli("launch", "graph.yaml", cwd=tmp_path).returncode == 2
    assert launch(tmp_path, refusing="Refusing").wait().process.returncode == 2
    assert not (tmp_path / "run").exists() and not list((tmp_path / "runs").iterdir())


def test_a_folder_that_another_run_begins_in_is_refused_and_left_alone(tmp_path, monkeypatch):
    hasten(tmp_path, monkeypatch, "from tutelage.supervision import run_folder", "run_folder.LOCK_SECONDS = 0.1")
    write_graph(tmp_path, counter="Counter")
    (tmp_path / "run").mkdir()
    with run_folder.locked(tmp_path / "run"):
        run = Run(tmp_path, "graph.yaml").wait()
        assert run.process.returncode == 2 and "still running: stop it first" in run.output
        assert [path.name for path in run.run_dir.iterdir()] == ["lock"]


def test_two_runs_of_one_second_have_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folders = [run_folder.new(Graph("same", [])) for _ in range(3)]
    assert len(set(folders)) == 3 and all(folder.is_dir() for folder in folders)


def test_who_has_the_lock_of_a_folder_that_was_removed_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr(run_folder, "LOCK_SECONDS", 0)
    with run_folder.locked(tmp_path):
        (tmp_path / "lock").unlink()
        with run_folder.locked(tmp_path), pytest.raises(Refusal, match="still running"), run_folder.locked(tmp_path):
            pass


def test_who_refuses_when_something_was_done_has_failed_and_all_is_kept(tmp_path):
    write_graph(tmp_path, RECORDER, counter="Counter", fickle="Fickle")
    done = cli("launch", "graph.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert "fickle has failed and would fail again: fickle: wants it no more" in done.stdout
    (run,) = (tmp_path / "runs").iterdir()
    assert len(list(Reader(run / "recording.mcap"))) > 0


def test_nothing_is_lost_or_doubled_when_a_sender_dies(tmp_path):
    counter = f"Counter {{count: 1000, dies_at: 500, marker: {tmp_path / 'died'}}}"
    run = launch(tmp_path, counter=counter, adder="Adder").ends_well()
    assert (run.run_dir / "sum").read_text() == "1000 499500"
    assert run.report["node_restarts"] == {"counter": 1}


def test_nothing_is_lost_when_who_could_not_save_its_end_dies(tmp_path):
    run = launch(tmp_path, counter="Counter", adder="Unsaved", orderer=f"Orderer {{wishes: {tmp_path}}}", clerk="Clerk")
    until(lambda: run.ended() >= {"counter", "adder"})
    killed = run.nodes()["adder"]
    os.kill(killed, signal.SIGKILL)
    until(lambda: run.process.poll() is not None or run.nodes()["adder"] != killed)
    (tmp_path / "wish").write_text("end")
    run.ends_well()
    assert run.report["node_restarts"] == {"adder": 1}
    assert (run.run_dir / "sum").read_text() == "1000 499500"


def test_what_a_restart_changes_is_not_sent_before_it_is_saved(tmp_path):
    (tmp_path / "wish").write_text("end")
    run = launch(tmp_path, orderer=f"Orderer {{wishes: {tmp_path}}}", secretary="Secretary", clerk="Clerk")
    until((tmp_path / "run" / "tried").exists)
    first = run.nodes()["secretary"]
    os.kill(first, signal.SIGKILL)
    run.ends_well()
    noted = (run.run_dir / "notes").read_text()
    assert noted.startswith("end, by ") and str(first) not in noted


def test_what_was_withheld_is_sent_when_it_can_be_saved(tmp_path):
    (tmp_path / "wish").write_text("end")
    run = launch(tmp_path, orderer=f"Orderer {{wishes: {tmp_path}}}", secretary="Secretary", clerk="Clerk")
    until((tmp_path / "run" / "tried").exists)
    (tmp_path / "run" / "checkpoints" / "secretary.checkpoint.new").rmdir()
    run.ends_well()
    assert (run.run_dir / "notes").read_text().startswith("end, by ") and run.report["node_restarts"] == {}


def test_who_has_its_checkpoints_no_more_leaves_no_files_when_it_is_ended(tmp_path):
    run = launch(tmp_path, clock="Clock {count: 1000000}", adder="Adder")
    until((run.run_dir / "checkpoints" / "adder.checkpoint").exists)
    (run.run_dir / "checkpoints").rename(run.run_dir / "of-the-next-life")
    run.process.send_signal(signal.SIGINT)
    run.wait()
    assert not (run.run_dir / "sum").exists()


def test_one_interrupt_ends_in_good_order_in_one_process_too(tmp_path):
    run = Run(tmp_path, "gail.yaml", "budget:=100000000", "--one-process")
    run.until_learning(rows=2)
    run.process.send_signal(signal.SIGINT)
    run.wait()
    assert run.process.returncode == 130, run.output
    assert (run.run_dir / "weights.interim.safetensors").exists() and run.report["return_mean"] > 0


def test_a_sweeper_that_was_killed_is_replaced(tmp_path):
    run = launch(tmp_path, idle="Idle", deaf="Deaf")
    nodes = until_begun(run)  # then the list of processes is written no more
    children = Path(f"/proc/{run.process.pid}/task/{run.process.pid}/children")

    def others(*known: int) -> set[int]:
        return {int(pid) for pid in children.read_text().split()} - {*nodes.values(), *known}

    run.until(lambda: len(others()) == 1)  # another process writes the list of them
    (sweeper,) = others()
    os.kill(sweeper, signal.SIGKILL)
    run.until(lambda: len(others(sweeper)) == 1)
    fresh = others(sweeper)
    run.kill()
    until_gone(*nodes.values(), *fresh, seconds=10)


def followed(folder: Path, fill: int, away: float) -> tuple[list[int], int]:
    """What a node hears of one that goes by the clock when it dies meanwhile, and how much was lost by the report."""
    follower = f"Follower {{dies_at: 200, marker: {folder / 'died'}, away_seconds: {away}}}"
    run = launch(folder, clock=f"Clock {{count: 1000, fill: {fill}}}", follower=follower).ends_well()
    assert run.report["node_restarts"] == {"follower": 1}
    return [int(word) for word in (run.run_dir / "numbers").read_text().split()], run.report["messages_lost"]


def test_who_acts_by_the_clock_keeps_what_was_said_last_for_a_listener_that_comes_back(tmp_path):
    assert followed(tmp_path, fill=8, away=0.0) == (list(range(1000)), 0)


def test_what_a_machine_is_told_waits_for_no_disk_and_is_heard_after_a_kill_too(tmp_path, monkeypatch):
    hang = [
        "import os, time",
        "def fsync(file):",
        f"    while 'orderer' in os.readlink(f'/proc/self/fd/{{file}}') and os.path.exists({str(tmp_path / 'hang')!r}):",
        "        time.sleep(0.01)",
        "os.fsync = fsync",
    ]
    hasten(tmp_path, monkeypatch, *hang)
    run = launch(tmp_path, orderer=f"Orderer {{wishes: {tmp_path}}}", machine="Obedient", clerk="Clerk")

    def told(name: str, word: str, file: str, text: str) -> None:
        (tmp_path / "fresh").write_text(word)
        (tmp_path / "fresh").rename(tmp_path / name)
        run.until(lambda: (run.run_dir / file).exists() and (run.run_dir / file).read_text() == text)

    told("noted", "move", "notes", "move ")
    (tmp_path / "hang").touch()
    told("noted", "stop", "done", "move stop ")  # the disk hangs: it is not noted, but done
    assert (run.run_dir / "notes").read_text() == "move "
    os.kill(run.nodes()["orderer"], signal.SIGKILL)  # who does not know any more that it has said so
    (tmp_path / "hang").unlink()
    told("wish", "stop", "done", "move stop stop ")
    told("noted", "end", "notes", "move end ")
    run.ends_well()
    assert run.report["node_restarts"] == {"orderer": 1}


def test_what_was_too_much_to_keep_is_counted_as_lost(tmp_path):
    numbers, lost = followed(tmp_path, fill=100_000, away=1.0)
    assert lost > 0 and len(numbers) + lost == 1000
    assert numbers == sorted(numbers) and numbers[-1] == 999


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGHUP, 129), (signal.SIGTERM, 143)])
def test_one_interrupt_ends_in_good_order(tmp_path, monkeypatch, number, code):
    hasten(tmp_path, monkeypatch, *PATIENCE)
    run = Run(tmp_path, "gail.yaml", "budget:=100000000")
    run.until_learning(rows=2)
    os.kill(run.process.pid, number)
    run.wait()
    assert run.process.returncode == code
    assert f"interrupted by {signal.Signals(number).name} (" in run.output
    assert f"launch --resume {run.run_dir}" in run.output
    assert not (run.run_dir / "weights.safetensors").exists()
    assert (run.run_dir / "weights.interim.safetensors").exists()
    assert run.report["evaluation_episodes"] == 10 and run.report["interrupted"] == signal.Signals(number).name


def test_a_second_interrupt_ends_at_once_even_the_deaf(tmp_path, monkeypatch):
    hasten(tmp_path, monkeypatch, *PATIENCE)
    run = launch(tmp_path, deaf="Deaf", idle="Idle")
    nodes = until_begun(run)
    for number in (signal.SIGINT, signal.SIGTERM):  # two of one kind that come together are one
        os.kill(run.process.pid, number)
    run.wait()
    assert run.process.returncode == 128 + signal.SIGTERM
    assert not any(map(exists, nodes.values()))


def test_the_launcher_rests_while_it_waits_for_the_last(tmp_path, monkeypatch):
    looks = tmp_path / "looks"
    note = f"print(os.getpid(), file=open({str(looks)!r}, 'a'))"
    lines = [
        "import os, selectors",
        "from tutelage.supervision import interrupts",
        "select, interrupts.HALT_SECONDS = selectors.DefaultSelector.select, 1.0",
        f"selectors.DefaultSelector.select = lambda self, *a, **k: {note} or select(self, *a, **k)",
    ]
    hasten(tmp_path, monkeypatch, *lines)
    run = launch(tmp_path, adder="Adder", deaf="Deaf", idle="Idle")
    until_begun(run)
    looks.write_text("")
    os.kill(run.process.pid, signal.SIGINT)
    run.wait()
    assert run.process.returncode == 130, run.output
    assert looks.read_text().splitlines().count(str(run.process.pid)) < 500  # 250, and as many thousands if it does not


def test_a_second_interrupt_leaves_a_machine_the_time_to_be_stopped(tmp_path, monkeypatch):
    hasten(tmp_path, monkeypatch, *PATIENCE)
    run = launch(tmp_path, machine="Machine", deaf="Deaf", idle="Idle")
    nodes = until_running(run, 3)
    os.kill(run.process.pid, signal.SIGINT)
    run.until((run.run_dir / "interrupted").exists)
    os.kill(run.process.pid, signal.SIGINT)
    run.wait()
    assert run.process.returncode == 130, run.output
    assert not any(map(exists, nodes.values()))
    assert (run.run_dir / "closed").read_text() == "in good order"


def test_what_acts_on_the_world_is_not_left_alone_by_a_suspended_launcher(tmp_path):
    run = launch(tmp_path, machine="Machine", idle="Idle")
    until_running(run, 2)
    os.kill(run.process.pid, signal.SIGTSTP)  # Ctrl-Z
    run.wait()
    assert run.process.returncode == 128 + signal.SIGTSTP, run.output
    assert (run.run_dir / "closed").read_text() == "in good order"


def test_nobody_waits_for_a_launcher_that_is_stopped(tmp_path, monkeypatch):
    hasten(
        tmp_path,
        monkeypatch,
        "from tutelage import heartbeat, process",
        "process.LOOK_SECONDS = heartbeat.STATUS_SECONDS = 0.0",
    )
    run = launch(tmp_path, clock="Clock {count: 1500}", follower="Follower")
    run.until((run.run_dir / "checkpoints" / "follower.checkpoint").exists)
    os.kill(run.process.pid, signal.SIGSTOP)
    stopped = time.monotonic()
    run.until((run.run_dir / "numbers").exists)  # 3 s on an idle machine
    stopped = time.monotonic() - stopped
    os.kill(run.process.pid, signal.SIGCONT)
    run.ends_well()
    assert all(silence < stopped for silence in run.report["node_silences"].values())  # a busy machine has short ones


@pytest.mark.parametrize(("hearer", "code"), [("Adder", 0), ("Breaking", 1)])
def test_one_process_lets_go_of_what_its_nodes_hold(tmp_path, hearer, code):
    run = launch(tmp_path, "--one-process", holder="Holder {count: 3}", hearer=hearer).wait()
    assert run.process.returncode == code, run.output
    assert (run.run_dir / "closed").read_text() == "in good order"


def test_a_killed_launcher_leaves_no_process_and_no_socket(tmp_path):
    run = launch(tmp_path, deaf="Deaf", idle="Idle")
    nodes = until_running(run, 2)
    sockets = Path(json.loads((run.run_dir / "processes.json").read_text())["sockets"])
    os.kill(nodes["idle"], signal.SIGSTOP)  # one that cannot leave by itself
    run.kill()
    until(lambda: not (any(map(exists, nodes.values())) or sockets.exists()), seconds=5)  # 2 s on an idle machine


def test_a_recorder_that_stands_still_is_started_again_and_hears_the_rest(tmp_path, monkeypatch):
    hasten(tmp_path, monkeypatch, "from tutelage.supervision import supervisor", "supervisor.RECORDER_SECONDS = 1.0")
    write_graph(tmp_path, RECORDER, clock="Clock {count: 1000}")
    run = Run(tmp_path, "graph.yaml")
    os.kill(until_running(run, 2)["recorder"], signal.SIGSTOP)
    run.ends_well()
    assert run.report["node_restarts"] == {"recorder": 1} and run.report["messages_lost"] == 0
    assert len(list(Reader(run.run_dir / "recording.mcap"))) == 1001  # and that it has ended


def test_who_does_not_read_gets_each_order_later_and_whole():
    ours, theirs = socket.socketpair()
    orders = [*(f"publish {json.dumps(str(number) * 60_000)}" for number in range(10)), "halt"]
    with ours, theirs:
        node = Child("node", os.getpid(), ours)
        for order in orders:
            node.tell(order)
        received = b""
        while not received.endswith(b"halt\n"):
            assert node.events() == []
            received += theirs.recv(2**16, socket.MSG_DONTWAIT)
        assert received.decode().splitlines() == orders
        for _ in range(100):  # nor does the launcher's memory grow without end
            node.tell("x" * 2**16)
        assert len(node._unsent) <= MOST_UNSENT


def test_who_was_stopped_before_it_led_a_session_can_be_killed():
    stopped = subprocess.Popen(["sleep", "60"])
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Child("stopped", stopped.pid, ours).kill(signal.SIGKILL)
    assert stopped.wait(10) == -signal.SIGKILL


def test_who_has_the_number_of_one_that_has_ended_is_not_killed():
    stranger = subprocess.Popen(["sleep", "60"])
    ours, theirs = socket.socketpair()
    with ours, theirs:
        program = Program("program", subprocess.Popen(["true"]), ours)
        until(lambda: program.exit_status() is not None)
        program.pid = stranger.pid
        program.kill(signal.SIGKILL)
    assert stranger.poll() is None
    stranger.terminate()
    assert stranger.wait(10) == -signal.SIGTERM


def test_what_a_program_that_has_ended_has_left_behind_is_killed(tmp_path):
    (tmp_path / "graph.yaml").write_text("nodes:\n  program:\n    run: [sh, -c, 'sleep 60 & echo $! > left']\n")
    Run(tmp_path, "graph.yaml").ends_well()
    assert not exists(int((tmp_path / "left").read_text()))


def test_the_last_lines_of_a_log_move_no_cursor(tmp_path):
    (tmp_path / "graph.yaml").write_text("nodes:\n  program:\n    run: [sh, -c, 'printf \"\\033[2Jgone\"; exit 1']\n")
    run = Run(tmp_path, "graph.yaml").wait()
    assert run.process.returncode == 1
    assert "\\x1b[2Jgone" in run.output and "\x1b" not in run.output


def test_a_terminal_that_is_closed_amid_a_run_ends_it_in_good_order(tmp_path):
    write_graph(tmp_path, clock="Clock {count: 1000000}", follower="Follower")
    ours, theirs = os.openpty()
    words = ["launch", "graph.yaml", "--run-dir", str(tmp_path / "run")]
    process = Forked(run_cli.CLI, words, [Path(os.ttyname(theirs))] * 3, tmp_path)
    until((tmp_path / "run" / "checkpoints" / "follower.checkpoint").exists)
    os.close(theirs)
    os.close(ours)
    assert process.wait(60) == 128 + signal.SIGHUP


def test_any_program_is_a_node(tmp_path):
    (tmp_path / "graph.yaml").write_text("nodes:\n  program:\n    run: [sh, -c, 'echo from a program']\n")
    run = Run(tmp_path, "graph.yaml").ends_well()
    assert (run.run_dir / "logs" / "program.log").read_text() == "from a program\n"
