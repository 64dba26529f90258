"""Which nodes share a processor core."""

import os
import sys

import pytest

from tests.parts.run_cli import Run
from tutelage.launcher import graph
from tutelage.supervision import cores


def test_those_share_a_core_who_wait_for_each_other_at_every_step():
    assert cores.sharing(graph("gail.yaml", [])) == [{"simulator", "policy"}]


def test_each_simulator_shares_a_core_with_its_own_policy():
    made = graph("gail.yaml", ["simulators:=4"])
    assert cores.sharing(made) == [{f"policy-{i}", f"simulator-{i}"} for i in range(4)]
    if sys.platform == "linux":
        allotted = cores.allotted(made)
        assert [allotted[f"policy-{i}"] == allotted[f"simulator-{i}"] for i in range(4)] == [True] * 4
        assert set(allotted.values()) == set(sorted(os.sched_getaffinity(0))[:4])


def test_those_go_first_on_whom_a_machine_waits(tmp_path):
    robot = tmp_path / "robot.yaml"
    robot.write_text("{}")
    made = graph("gail.yaml", [f"robot:={robot}"])
    assert cores.hurried(made) == {"hardware", "policy"}
    assert cores.sharing(made) == [] and cores.hurried(graph("gail.yaml", [])) == set()


def test_nobody_does_who_only_listens():
    assert cores.sharing(graph("bc.yaml", [])) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds a process to a core")
def test_they_do_in_a_run(tmp_path):
    run = Run(tmp_path, "gail.yaml", "budget:=100000000")
    try:
        run.until_learning(rows=1)
        where = {name: os.sched_getaffinity(pid) for name, pid in run.nodes().items()}
    finally:
        run.kill()
    assert where["simulator"] == where["policy"]
    assert len(where["policy"]) == 1
    assert where["learner"] == os.sched_getaffinity(0)
