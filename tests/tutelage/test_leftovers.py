"""What killed runs leave is swept: by the next run, and by the sweeper."""

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.parts.run_cli import Run
from tests.parts.waiting import exists, until_gone
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


def another_run(folder: Path) -> None:
    launch(folder, counter="Counter {count: 1}", adder="Adder").ends_well()


def all_but_a_stopped_node_killed(folder: Path) -> tuple[Run, int]:
    """A run of whose processes one node is left, which is stopped, and that node's process."""
    run = launch(folder, idle="Idle", deaf="Deaf")
    idle = until_running(run, 2)["idle"]
    os.kill(idle, signal.SIGSTOP)
    for pid in (pid for pid in [*children(run.process.pid), run.process.pid] if pid != idle):
        with contextlib.suppress(ProcessLookupError):  # it has ended with the others
            os.kill(pid, signal.SIGKILL)
    run.process.wait()
    assert sockets_of(run).exists() and exists(idle)
    return run, idle


@LINUX
def test_the_next_run_sweeps_what_a_killed_group_has_left(tmp_path: Path) -> None:
    run, idle = all_but_a_stopped_node_killed(tmp_path)
    another_run(tmp_path / "next")
    assert not sockets_of(run).exists()
    until_gone(idle)


@LINUX
def test_a_stopped_node_that_is_continued_ends_by_itself(tmp_path: Path) -> None:
    run, idle = all_but_a_stopped_node_killed(tmp_path)
    os.kill(idle, signal.SIGCONT)
    until_gone(idle)
    another_run(tmp_path / "next")
    assert not sockets_of(run).exists()


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
    log = run.run_dir / "logs" / "program.log"
    run.until(lambda: log.exists() and log.read_text().endswith("\n"))
    started = int(log.read_text())
    if killed:
        run.kill()
    run.process.wait(60)
    until_gone(started)


@pytest.mark.parametrize("alive", [False, True])
def test_a_folder_without_a_lock_is_left_alone_while_its_launcher_lives(tmp_path: Path, alive: bool) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    folder = tmp_path / f"0123456789ab-{os.getpid() if alive else gone.pid}"
    folder.mkdir()
    os.utime(folder, (0, 0))
    leftovers.sweep(tmp_path)
    assert folder.exists() == alive
