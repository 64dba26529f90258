"""Nodes that share a process (`process: NAME`) end in the same weights as nodes with a process each."""

import os
import signal
from collections.abc import Callable
from functools import cache

import pytest

from tests.parts.run_cli import Run, cli, finished
from tests.tutelage.test_supervisor import write_graph
from tutelage import launcher
from tutelage.input.problems import Refusal
from tutelage.launchfiles import resolved

STEPS = "budget:=16384"
COMPOSED = ("gail.yaml", STEPS, "episodes:=2", "collector:=collector")

SHARING = ("simulator", "policy", "discriminator", "learner", "evaluator", "teleoperator")


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """The digest of the run with a process for each node."""

    @cache
    def digest() -> str:
        return finished(tmp_path_factory.mktemp("apart"), "gail.yaml", STEPS, "episodes:=2").digest

    return digest


def test_they_come_back_together_and_change_nothing(tmp_path, apart):
    run = Run(tmp_path, *COMPOSED)
    run.until_learning(rows=4)
    nodes = run.nodes()
    assert nodes["simulator"] == nodes["policy"] != nodes["learner"]
    assert (run.run_dir / "checkpoints/policy.checkpoint").exists()  # so it is not begun anew
    os.kill(nodes["policy"], signal.SIGKILL)
    assert run.wait().digest == apart()
    assert run.report["node_restarts"] == {"simulator": 1, "policy": 1}


def test_an_interrupted_run_goes_on(tmp_path, apart):
    run = Run(tmp_path, *COMPOSED)
    run.until_learning(rows=2)
    run.process.send_signal(signal.SIGINT)
    assert run.wait().process.returncode == 128 + signal.SIGINT, run.output
    assert run.resumed().digest == apart()


def test_all_nodes_in_logical_time_may_share_one(tmp_path, apart):
    graph = launcher.graph("gail.yaml", [STEPS, "episodes:=2"])
    for plan in graph.nodes:
        plan.process = "all" if plan.name in SHARING else ""
    (tmp_path / "all.yaml").write_text(resolved.resolved(graph))
    run = Run(tmp_path, "all.yaml")
    run.until_learning(rows=4)
    nodes = run.nodes()
    assert len({nodes[name] for name in SHARING}) == 1 and len(set(nodes.values())) == 1 + len(nodes) - len(SHARING)
    os.kill(nodes["learner"], signal.SIGKILL)
    assert run.wait(100).digest == apart(), run.output
    assert run.report["node_restarts"] == dict.fromkeys(SHARING, 1)


def test_who_is_handed_nothing_lives_on_beside_two_that_keep_each_other_busy(tmp_path):
    write_graph(tmp_path, server=f"Server {{enough: {tmp_path / 'enough'}}}", echoer="Echoer", patient="Patient")
    file = tmp_path / "graph.yaml"
    file.write_text(file.read_text().replace("    run:", "    process: one\n    run:"))
    run = Run(tmp_path, "graph.yaml")
    run.until((run.run_dir / "checkpoints/patient.checkpoint").exists)
    (tmp_path / "enough").touch()
    run.ends_well()


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ("run: nodes.report:Report", "it does not go by logical time"),
        ("run: [sleep, 1]", "it is a program of its own"),
        ("run: nodes.policy:Policy\n    environment: {A: b}", "its environment variables are not those of simulator"),
        ("run: nodes.policy:Policy\n    host: far", "it is to run on far"),
        ("run: nodes.policy:Policy\n    required: false", "it is not required"),
    ],
)
def test_who_cannot_share_a_process_is_told_why(tmp_path, keys, why):
    file = tmp_path / "shared.yaml"
    file.write_text(
        f"include: [{{file: gail.yaml, arguments: {{collector: /one}}}}]\nnodes:\n  another:\n    process: one\n    {keys}\n"
    )
    with pytest.raises(Refusal, match=f"another cannot share the process one: {why}"):
        launcher.graph(str(file), [])


@pytest.mark.slow
def test_a_recording_of_theirs_is_verified(tmp_path):
    run = finished(tmp_path, *COMPOSED, "record:=true")
    done = cli("verify", run.run_dir)
    assert done.returncode == 0 and "simulator" in done.stdout and "policy" in done.stdout, done.stdout


@pytest.mark.slow
def test_their_run_is_extended_as_that_of_nodes_apart(tmp_path):
    ends = []
    for name, more in (("apart", ()), ("together", ("collector:=collector",))):
        run = finished(tmp_path / name, "gail.yaml", "budget:=8192", "episodes:=2", *more)
        ends.append(run.resumed("budget:=16384").digest)
    assert ends[0] == ends[1]
