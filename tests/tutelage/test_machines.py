"""A run over two machines is the run of one: whatever happens to the link, the nodes, the other machine or the door."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq

from tests.nodes.test_robot_faults import CART, balancing
from tests.parts.far import NEAR, Machine, introduce, machine
from tests.parts.run_cli import Run, cli, finished
from tests.parts.waiting import until

LAUNCH = Path(__file__).parents[2] / "launch"
STEPS = "budget:=8192"


@pytest.fixture
def far(tmp_path, monkeypatch) -> Iterator[Machine]:
    with machine(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture(scope="module")
def one_machine(tmp_path_factory) -> Callable[[str], str]:
    """The digest of the run on one machine with this budget."""
    known: dict[str, str] = {}

    def digest(budget: str) -> str:
        if budget not in known:
            known[budget] = finished(tmp_path_factory.mktemp("one"), "gail.yaml", budget, "episodes:=2").digest
        return known[budget]

    return digest


def launched(folder: Path, budget: str = STEPS, *more: str) -> Run:
    """`gail.yaml` with simulator and policy on the machine `far`."""
    text = (LAUNCH / "gail.yaml").read_text().replace("file: expert.yaml", f"file: {LAUNCH / 'expert.yaml'}")
    text = text.replace("file: simulators.yaml", f"file: {LAUNCH / 'simulators.yaml'}\n    host: far")
    assert text.count("host: far") == 1
    (folder / "gail.yaml").write_text(text)
    return Run(folder, str(folder / "gail.yaml"), budget, "episodes:=2", "--listen", NEAR, *more)


def test_it_ends_in_the_digest_of_one_machine_and_leaves_nothing_there(tmp_path, far, one_machine) -> None:
    introduce(far)
    joined = far.join()
    run = launched(tmp_path).ends_well(100)
    assert run.digest == one_machine(STEPS)
    assert joined.wait(10) == 0 and far.processes() == []
    assert "joined run" in far.printed and "simulator, policy" in far.printed
    assert list(far.folder.glob("runs/*/checkpoints/simulator.checkpoint"))


def amid(tmp_path: Path, far: Machine, budget: str) -> Run:
    """Such a run in the midst of learning."""
    introduce(far)
    far.join()
    run = launched(tmp_path, budget)
    run.until_learning(rows=2)
    return run


def test_its_processes_and_its_clock_are_not_this_machines(tmp_path, far) -> None:
    run = amid(tmp_path, far, "budget:=100000000")
    listed = {row["process_id"] for row in json.loads(cli("node", "list", "--json").stdout)}
    stand_ins = {run.nodes()[name] for name in ("simulator", "policy")}
    assert set(run.nodes().values()) - listed == stand_ins
    assert "running, on far, 0 restarts" in cli("node", "info", "simulator", "--run", str(run.run_dir)).stdout
    asked = ("topic", "delay", "--count", "1", "--run", str(run.run_dir))
    assert cli(*asked, "weights").returncode == 0
    late = cli(*asked, "transition")
    assert late.returncode == 2 and "transition: it comes from far, whose clock is another than" in late.stderr
    run.process.send_signal(signal.SIGINT)
    run.wait()


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1, 10])
def test_a_cut_link_changes_nothing(tmp_path, far, one_machine, seconds) -> None:
    run = amid(tmp_path, far, "budget:=16384")
    far.cut()
    time.sleep(seconds)
    rows = (run.run_dir / "metrics.jsonl").read_text().count("\n")
    assert run.process.poll() is None and rows < 7  # it was cut in the midst
    far.cut(mended=True)
    assert run.ends_well(100).digest == one_machine("budget:=16384")
    assert run.report["node_restarts"] == {}


@pytest.mark.slow
@pytest.mark.parametrize("node", ["simulator", "policy"])
def test_a_node_that_is_killed_there_comes_back_where_it_was(tmp_path, far, one_machine, node) -> None:
    run = amid(tmp_path, far, "budget:=16384")
    os.kill(far.node(node), signal.SIGKILL)
    assert run.ends_well(100).digest == one_machine("budget:=16384")
    assert run.report["node_restarts"] == {node: 1}


@pytest.mark.slow
def test_a_stand_in_that_is_killed_has_its_node_replaced(tmp_path, far, one_machine) -> None:
    run = amid(tmp_path, far, "budget:=16384")
    before = far.node("simulator")
    os.kill(run.nodes()["simulator"], signal.SIGKILL)
    assert run.ends_well(100).digest == one_machine("budget:=16384")
    assert run.report["node_restarts"] == {"simulator": 1} and before not in far.processes()


@pytest.mark.slow
def test_a_machine_that_went_down_joins_again(tmp_path, far, one_machine) -> None:
    run = amid(tmp_path, far, "budget:=16384")
    for pid in far.processes():
        os.kill(pid, signal.SIGKILL)
    until(lambda: not far.processes())
    far.join()
    assert run.ends_well(100).digest == one_machine("budget:=16384")


def door() -> int:
    """The process of the launcher's door: the one that listens there."""
    listening = subprocess.run(["ss", "-tlpnH", f"src {NEAR}:7700"], capture_output=True, text=True, check=True).stdout
    return int(listening.partition("pid=")[2].partition(",")[0])


@pytest.mark.slow
def test_a_door_that_is_killed_is_opened_again(tmp_path, far, one_machine) -> None:
    run = amid(tmp_path, far, "budget:=16384")
    os.kill(door(), signal.SIGKILL)
    assert run.ends_well(100).digest == one_machine("budget:=16384")


@pytest.mark.slow
def test_an_interrupted_run_is_resumed_on_both(tmp_path, far, one_machine) -> None:
    run = amid(tmp_path, far, "budget:=16384")
    run.process.send_signal(signal.SIGINT)
    run.wait(20)
    assert run.process.returncode == 130, run.output
    until(lambda: not far.processes())
    far.join()
    assert run.resumed("--listen", NEAR, seconds=100).digest == one_machine("budget:=16384")


@pytest.mark.slow
def test_a_killed_launcher_ends_its_nodes_there(tmp_path, far) -> None:
    run = amid(tmp_path, far, "budget:=16384")
    run.kill()
    until(lambda: not far.processes())


@pytest.mark.slow
def test_a_launcher_that_is_killed_while_the_link_is_cut_is_resumed_by_another_join(tmp_path, far, one_machine) -> None:
    """The nodes there have not noticed it: they are of a former launch, and end when they meet the next one."""
    run = amid(tmp_path, far, "budget:=16384")
    far.cut()
    os.kill(run.process.pid, signal.SIGSTOP)  # so that it opens no other door
    os.kill(door(), signal.SIGKILL)  # so that nobody says that the run is over
    run.kill()
    assert far.processes()
    far.cut(mended=True)
    resumed = Run(tmp_path, "--resume", str(run.run_dir), "--listen", NEAR)
    until(lambda: not far.processes())
    far.join()
    assert resumed.ends_well(100).digest == one_machine("budget:=16384")


@pytest.mark.slow
def test_a_robot_whose_link_to_its_policy_is_cut_stops_and_the_run_goes_on(tmp_path, far) -> None:
    introduce(far)
    far.join()
    text = (
        (LAUNCH / "hardware.yaml")
        .read_text()
        .replace("run: nodes.policy:Policy", "host: far\n        run: nodes.policy:Policy")
    )
    (tmp_path / "hardware.yaml").write_text(text)
    (tmp_path / "cart.yaml").write_text(f"driver: {CART}:Cart\ntask: CartPole-v1\nrate: 20\nstart: automatic\n")
    words = (f"policy:={balancing(tmp_path / 'policy')}", f"robot:={tmp_path / 'cart.yaml'}", "seconds:=15")
    run = Run(tmp_path, str(tmp_path / "hardware.yaml"), *words, "--listen", NEAR)
    log = run.run_dir / "logs" / "hardware.log"
    until(lambda: log.exists() and "moving" in log.read_text(), 60)
    far.cut()
    until(lambda: log.read_text().splitlines()[-1].split(":")[0] in ("armed", "stopped"), 5)
    before = log.read_text()
    time.sleep(2)
    assert log.read_text() == before  # it is at rest, and stays so
    far.cut(mended=True)
    run.ends_well(100)
    assert run.report["node_restarts"] == {}


def refused(run: Run) -> str:
    log = run.run_dir / "logs" / "door.log"
    return log.read_text() if log.exists() else ""


@pytest.mark.slow
def test_a_machine_whose_key_is_not_allowed_does_not_come_in(tmp_path, far) -> None:
    introduce(far, allowed=False)
    assert cli("keys", "allow", "far", "0" * 64).returncode == 0  # another machine's
    run = launched(tmp_path)
    until(lambda: "waiting for far" in run.output)
    joined = far.join()
    until(lambda: "10.77.9.2 (its key is not allowed)" in refused(run))
    until(lambda: "near does not answer yet" in far.printed)
    assert "joined" not in far.printed
    assert cli("keys", "revoke", "far").returncode == 0
    assert cli("keys", "allow", "far", far.public).returncode == 0
    until(lambda: "joined" in far.printed)  # once it is allowed, it comes in by itself
    joined.send_signal(signal.SIGTERM)
    run.process.send_signal(signal.SIGINT)
    run.wait(20)
    until(lambda: not far.processes())


def test_a_machine_whose_key_is_revoked_joins_no_more(tmp_path, far) -> None:
    introduce(far)
    run = launched(tmp_path, "budget:=1000000")
    until(lambda: "waiting for far" in run.output)
    assert cli("keys", "revoke", "far").returncode == 0
    far.join()
    until(lambda: "10.77.9.2 (its key is not allowed)" in refused(run))
    run.process.send_signal(signal.SIGINT)
    run.wait(20)
    assert "joined" not in far.printed


def test_who_shows_no_key_at_the_door_is_refused(tmp_path, far) -> None:
    introduce(far)
    run = launched(tmp_path)
    until(lambda: "waiting for far" in run.output)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    stranger = context.socket(zmq.DEALER)
    stranger.connect(f"tcp://{NEAR}:7700")
    stranger.send(b'{"ask": true}')
    until(lambda: "it showed no key" in refused(run))
    assert not stranger.poll(100)
    context.destroy(linger=0)
    run.process.send_signal(signal.SIGINT)
    run.wait(20)


def test_a_launch_file_with_a_host_needs_an_address_and_a_key(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "two.yaml").write_text(
        f"include: [{{file: {LAUNCH}/gail.yaml, host: far, arguments: {{budget: 8192}}}}]"
    )
    without = cli("launch", "two.yaml", cwd=tmp_path)
    assert without.returncode == 2 and "simulator: it is to run on far: say where" in without.stderr
    assert "console: it shows the run, which only the launcher's machine can" in without.stderr
    assert not list(tmp_path.glob("runs/*"))


def test_an_address_that_another_program_has_or_that_is_everywhere_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert cli("keys", "new").returncode == cli("keys", "allow", "far", "0" * 64).returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as other:
        where = f"127.0.0.1:{other.getsockname()[1]}"
        taken = launched(tmp_path, STEPS, "--listen", where).wait()
    assert taken.process.returncode == 2 and f"{where}: this address cannot be used: Address" in taken.output
    everywhere = launched(tmp_path, STEPS, "--listen", "0.0.0.0").wait()
    assert everywhere.process.returncode == 2 and "0.0.0.0: name the address" in everywhere.output
    assert not (tmp_path / "run").exists()


def test_a_program_of_ones_own_is_not_heard_on_another_machine(tmp_path, far) -> None:
    introduce(far)
    (tmp_path / "two.yaml").write_text(
        f"""
include: [{{file: {LAUNCH}/ppo.yaml, arguments: {{env: CartPole-v1}}, replace: {{policy: {{run: [cat], hears: [Observation, Weights], says: [Action], host: far}}}}}}]
"""
    )
    done = cli("launch", "two.yaml", "--listen", NEAR, cwd=tmp_path)
    assert done.returncode == 2 and "a program of your own cannot: give both the same host" in done.stderr


def listening(pids: set[int]) -> list[str]:
    """The addresses beyond this machine at which these processes listen."""
    lines = subprocess.run(["ss", "-tulnpH"], capture_output=True, text=True, check=True).stdout.splitlines()
    ours = [line for line in lines if any(f"pid={pid}," in line for pid in pids)]
    return [line for line in ours if not line.split()[4].startswith(("127.0.0.1:", "[::1]:"))]


@pytest.mark.parametrize(
    "words",
    [
        ("gail.yaml", STEPS),
        pytest.param(("ppo.yaml", STEPS), marks=pytest.mark.slow),
        pytest.param(("dagger.yaml",), marks=pytest.mark.slow),
        pytest.param(("sac.yaml", "env:=Pendulum-v1", "budget:=2048"), marks=pytest.mark.slow),
    ],
)
def test_a_launch_file_of_ours_opens_no_port_to_others(tmp_path, words) -> None:
    run, found = Run(tmp_path, *words), []
    while run.process.poll() is None:
        found += listening({run.process.pid, *run.nodes().values()})
        time.sleep(0.1)
    assert found == []
    assert run.process.returncode == 0 and len(run.nodes()) > 3, run.output


def test_no_launch_file_of_ours_names_a_machine() -> None:
    files = [*LAUNCH.glob("*.yaml"), *(LAUNCH.parent / "examples").rglob("*.yaml")]
    assert len(files) > 10 and [path for path in files if "host:" in path.read_text()] == []


def test_such_a_port_would_be_found() -> None:
    with socket.create_server(("0.0.0.0", 0)):
        assert len(listening({os.getpid()})) == 1
