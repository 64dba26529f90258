"""What killed runs leave is swept: by the next run, and by the sweeper."""

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.parts.run_cli import Run
from tests.test_sameness import exists
from tests.tutelage.test_supervisor import launch, until_running
from tutelage.supervision import leftovers

LINUX = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows who has started whom")

SETSID = """nodes:
  program:
    run: [python, -c, "import subprocess; print(subprocess.Popen(['sleep', '600'], start_new_session=True).pid)"]
  lasting:
    run: [sleep, "%s"]
"""


def sockets_of(run: Run) -> Path:
    return Path(json.loads((run.run_dir / "processes.json").read_text())["sockets"])


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_until_gone(*pids: int) -> None:
    deadline = time.monotonic() + 10
    while any(map(exists, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(exists, pids))


def another_run(folder: Path) -> None:
    folder.mkdir()
    run = launch(folder, counter="Counter {count: 1}", adder="Adder").wait()
    assert run.process.returncode == 0, run.output


@LINUX
def test_the_next_run_sweeps_what_a_killed_group_has_left(tmp_path: Path) -> None:
    run = launch(tmp_path, idle="Idle", deaf="Deaf")
    nodes = until_running(run, 2)
    sockets, all_of_it = sockets_of(run), [*children(run.process.pid), run.process.pid]
    os.kill(nodes["idle"], signal.SIGSTOP)
    for pid in (pid for pid in all_of_it if pid != nodes["idle"]):
        with contextlib.suppress(ProcessLookupError):  # it has ended with the others
            os.kill(pid, signal.SIGKILL)
    run.process.wait()
    assert sockets.exists() and exists(nodes["idle"])
    another_run(tmp_path / "next")
    assert not sockets.exists()
    wait_until_gone(*all_of_it)


@LINUX
def test_a_stopped_node_that_is_continued_ends_by_itself(tmp_path: Path) -> None:
    run = launch(tmp_path, idle="Idle", deaf="Deaf")
    nodes = until_running(run, 2)
    sockets, rest = sockets_of(run), {*children(run.process.pid), run.process.pid} - {nodes["idle"]}
    os.kill(nodes["idle"], signal.SIGSTOP)
    for pid in rest:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    run.process.wait()
    os.kill(nodes["idle"], signal.SIGCONT)
    wait_until_gone(nodes["idle"])
    another_run(tmp_path / "next")
    assert not sockets.exists()


def test_the_sockets_of_a_run_that_goes_on_are_left_alone(tmp_path: Path) -> None:
    run = launch(tmp_path, idle="Idle", deaf="Deaf")
    until_running(run, 2)
    another_run(tmp_path / "next")
    assert sockets_of(run).exists() and run.process.poll() is None
    run.kill()


@LINUX
@pytest.mark.parametrize("killed", [False, True])
def test_what_a_program_has_started_in_a_session_of_its_own_ends_with_the_run(tmp_path: Path, killed: bool) -> None:
    (tmp_path / "graph.yaml").write_text(SETSID % (60 if killed else 0.5))
    run = Run(tmp_path, "graph.yaml")
    log, deadline = run.run_dir / "logs" / "program.log", time.monotonic() + 20
    while not (log.exists() and log.read_text().endswith("\n")):
        assert time.monotonic() < deadline, run.output
        time.sleep(0.01)
    started = int(log.read_text())
    if killed:
        run.kill()
    run.process.wait(60)
    wait_until_gone(started)


@pytest.mark.parametrize("alive", [False, True])
def test_a_folder_without_a_lock_is_left_alone_while_its_launcher_lives(tmp_path: Path, alive: bool) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    folder = tmp_path / f"0123456789ab-{os.getpid() if alive else gone.pid}"
    folder.mkdir()
    os.utime(folder, (0, 0))
    leftovers.sweep(tmp_path)
    assert folder.exists() == alive
