"""Who does not answer is named, and ended when that has lasted too long."""

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.run_cli import Run, cli
from tests.tutelage.test_supervisor import launch, until_begun, until_running, write_graph

CONSOLE = "  console: {run: nodes.console:Console}"


@pytest.fixture
def running() -> Iterator[list[Run]]:
    """Runs that are killed in the end, if they have not ended."""
    runs: list[Run] = []
    yield runs
    for run in runs:
        run.kill()


def named(run: Run, node: str, state: str = "") -> bool:
    return bool(re.search(rf"{node} has not answered for \d+ s{state}", run.output))


@pytest.mark.parametrize("console", [CONSOLE, ""])
def test_who_has_never_answered_is_named(tmp_path: Path, running: list[Run], console: str) -> None:
    write_graph(tmp_path, console, hung=f"Hung {{marker: {tmp_path / 'hung'}}}", adder="Adder")
    running.append(run := Run(tmp_path, "graph.yaml"))
    run.until(lambda: named(run, "hung"))


def test_a_stopped_node_is_said_to_be_stopped_and_reported_and_not_restarted(
    tmp_path: Path, running: list[Run]
) -> None:
    running.append(run := launch(tmp_path, mute="Mute", other="Mute"))
    mute = until_begun(run)["mute"]
    os.kill(mute, signal.SIGSTOP)
    run.until(lambda: named(run, "mute", ": it is stopped"))
    os.kill(mute, signal.SIGCONT)
    run.process.send_signal(signal.SIGINT)
    run.wait()
    assert 1.5 < run.report["node_silences"]["mute"] < 10 and run.report["node_restarts"] == {}


def test_ctrl_z_stops_the_nodes_too_and_they_continue_together(tmp_path: Path, running: list[Run]) -> None:
    running.append(run := launch(tmp_path, idle="Idle", counter="Counter {count: 100000}"))
    pids = [run.process.pid, *until_running(run, 2).values()]
    for number, stopped in ((signal.SIGTSTP, True), (signal.SIGCONT, False)):
        os.kill(run.process.pid, number)
        run.until(lambda stopped=stopped: all((state(pid) == "T") == stopped for pid in pids))  # type: ignore[misc]


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def leased(folder: Path, lease: float, **nodes: str) -> Run:
    write_graph(folder, f"lease: {lease}", **nodes)
    return Run(folder, "graph.yaml").ends_well()


def test_a_hung_node_is_started_again_after_its_lease(tmp_path: Path) -> None:
    run = leased(tmp_path, 2, hung=f"Hung {{marker: {tmp_path / 'hung'}}}", adder="Adder")
    assert run.report["node_restarts"] == {"hung": 1}
    assert (run.run_dir / "sum").read_text() == "1000 499500"


@pytest.mark.parametrize(("lease", "restarts"), [(1.0, {}), (0.2, {"busy": 1})])
def test_who_computes_has_ten_leases(tmp_path: Path, lease: float, restarts: dict[str, int]) -> None:
    busy = f"Busy {{marker: {tmp_path / 'busy'}, seconds: 3.5}}"
    run = leased(tmp_path, lease, busy=busy, adder="Adder")
    assert run.report["node_restarts"] == restarts
    assert (run.run_dir / "sum").read_text() == "1000 499500"


@pytest.mark.parametrize("lease", ["0", "-1", ".inf", ".nan", "long"])
def test_a_lease_that_is_none_is_refused(tmp_path: Path, lease: str) -> None:
    write_graph(tmp_path, f"lease: {lease}", counter="Counter", adder="Adder")
    done = cli("launch", "graph.yaml", cwd=tmp_path)
    assert done.returncode == 2 and "lease" in done.stderr and "Traceback" not in done.stderr


def test_a_lease_is_in_the_resolved_file(tmp_path: Path) -> None:
    write_graph(tmp_path, "lease: $(lease)", "arguments: {lease: {default: 60.0}}", counter="Counter", adder="Adder")
    assert "lease: 30" in cli("launch", "graph.yaml", "lease:=30", "--dry-run", cwd=tmp_path).stdout


def test_when_its_sockets_are_gone_a_run_ends_and_can_be_gone_on_with(tmp_path: Path, running: list[Run]) -> None:
    waiting = f"Waiting {{file: {tmp_path / 'go'}}}"
    running.append(run := launch(tmp_path, waiting=waiting, adder="Adder", idle="Idle"))
    until_running(run, 3)
    run.until((run.run_dir / "checkpoints" / "idle.checkpoint").exists)
    shutil.rmtree(json.loads((run.run_dir / "processes.json").read_text())["sockets"])
    run.wait()
    assert run.process.returncode == 1
    assert "the sockets of this run are gone" in run.output and "Traceback" not in run.output
    (tmp_path / "go").touch()
    run.resumed()
    assert (run.run_dir / "sum").read_text() == "1000 499500"
