"""A run is a pure function of its launch file and seed, however its processes are scheduled, stopped or killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.parts.run_cli import Run, finished
from tests.parts.waiting import until_gone

PLAIN_LOOP = Path(__file__).parents[1] / "bench/plain_loop.py"
STEPS = "budget:=16384"


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """The digest that a quiet run with these arguments ends in."""

    @cache
    def digest(*arguments: str) -> str:
        return finished(tmp_path_factory.mktemp("quiet"), "gail.yaml", STEPS, "episodes:=2", *arguments).digest

    return digest


@pytest.mark.parametrize("lag", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_one_process_ends_in_the_same_digest(tmp_path, undisturbed, lag):
    run = finished(tmp_path, "gail.yaml", STEPS, f"lag:={lag}", "--one-process")
    assert run.digest == undisturbed(f"lag:={lag}")


@pytest.mark.slow
@pytest.mark.parametrize("lag", [0, 1])
def test_the_plain_loop_ends_in_the_same_digest(undisturbed, lag):
    command = [sys.executable, str(PLAIN_LOOP), "--lag", str(lag), "--steps", STEPS.partition(":=")[2]]
    plain = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert plain["weights_digest"] == undisturbed(f"lag:={lag}")


@pytest.mark.slow
def test_seed_and_lag_matter(undisturbed):
    assert len({undisturbed("lag:=0"), undisturbed("lag:=1"), undisturbed("lag:=1", "seed:=1")}) == 3


@pytest.mark.slow
def test_a_loaded_machine_changes_nothing(tmp_path, undisturbed):
    busy = [os.spawnlp(os.P_NOWAIT, sys.executable, sys.executable, "-c", "while True: pass") for _ in range(4)]
    try:
        assert finished(tmp_path, "gail.yaml", STEPS).digest == undisturbed("lag:=1")
    finally:
        for pid in busy:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def test_stopped_processes_change_nothing_and_are_not_restarted(tmp_path, undisturbed):
    run, chance, frozen = Run(tmp_path, "gail.yaml", STEPS), random.Random(1), 0
    while run.process.poll() is None:
        for pid in chance.sample(list(run.nodes().values()), k=min(2, len(run.nodes()))):
            frozen += _freeze(pid, chance.uniform(0.05, 0.3))
        time.sleep(0.05)
    assert frozen > 5
    assert run.wait().digest == undisturbed("lag:=1")
    assert run.report["node_restarts"] == {}


def _freeze(pid: int, seconds: float) -> bool:
    """Stops a process for a while; whether there was one."""
    try:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    "nodes", [("simulator", "learner", "discriminator"), ("policy", "teleoperator", "evaluator", "report")]
)
def test_nodes_that_are_killed_together_come_back_where_they_were(tmp_path, undisturbed, nodes):
    run = Run(tmp_path, "gail.yaml", STEPS)
    run.until_learning(rows=4)
    assert (run.run_dir / "checkpoints" / "learner.checkpoint").exists()  # so it is not begun anew
    for node in nodes:
        os.kill(run.nodes()[node], signal.SIGKILL)
    assert run.wait().digest == undisturbed("lag:=1")
    assert run.report["node_restarts"] == dict.fromkeys(nodes, 1)


def test_a_killed_launcher_leaves_nothing_and_its_run_goes_on(tmp_path, undisturbed):
    run = Run(tmp_path, "gail.yaml", STEPS)
    run.until_learning(rows=2)
    run.kill()
    until_gone(*run.nodes().values(), seconds=5)  # 2 s on an idle machine
    assert run.resumed().digest == undisturbed("lag:=1")


def test_the_environments_reward_is_never_learned_from(tmp_path, undisturbed):
    (tmp_path / "corrupted_reward.py").write_text((Path(__file__).parent / "parts/corrupted_reward.py").read_text())
    run = finished(tmp_path, "gail.yaml", STEPS, "env:={id: CartPole-v1, wrappers: [corrupted_reward:Corrupted]}")
    assert run.report["expert_return_mean"] > 1e5  # the reward was corrupted indeed
    assert run.digest == undisturbed("lag:=1")
