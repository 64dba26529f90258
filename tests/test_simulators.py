"""Several simulators that share the copies of the environment: the run is the same, whichever of them is first."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.parts.run_cli import Run, cli, finished
from tutelage.assignment import inbox_of
from tutelage.graph import Graph, NodePlan, node_class
from tutelage.launcher import graph
from tutelage.message import Message, Promise
from tutelage.messages import Transition
from tutelage.recording import Reader, search
from tutelage.recording.messages import read
from tutelage.turns import Turns

FEW = {
    "gail.yaml": ("gail.yaml", "budget:=16384", "episodes:=2"),
    "dac.yaml": ("dac.yaml", "budget:=6144", "episodes:=2"),
}
BOTH = ["gail.yaml", pytest.param("dac.yaml", marks=pytest.mark.slow)]
TWO = "simulators:=2"


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """The digest that a quiet run with these arguments ends in."""

    @cache
    def digest(file: str, *arguments: str) -> str:
        return finished(tmp_path_factory.mktemp("quiet"), *FEW[file], *arguments).digest

    return digest


@pytest.mark.parametrize("file", BOTH)
def test_one_process_ends_in_the_same_digest(tmp_path: Path, undisturbed: Callable[..., str], file: str) -> None:
    assert finished(tmp_path, *FEW[file], TWO, "--one-process").digest == undisturbed(file, TWO)


@pytest.mark.parametrize("file", BOTH)
def test_one_policy_for_all_ends_in_the_digest_of_one_simulator(
    tmp_path: Path, undisturbed: Callable[..., str], file: str
) -> None:
    assert finished(tmp_path, *FEW[file], "simulators:=4", "one_policy:=true").digest == undisturbed(file)


@pytest.mark.parametrize("file, rows", [("gail.yaml", 4), pytest.param("dac.yaml", 18, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "nodes",
    [
        ("simulator-0", "policy-1", "gatherer"),
        pytest.param(("simulator-1", "learner", "discriminator"), marks=pytest.mark.slow),
        pytest.param(("policy-0", "policy-1", "gatherer", "report"), marks=pytest.mark.slow),
    ],
)
def test_nodes_that_are_killed_together_come_back_where_they_were(
    tmp_path: Path, undisturbed: Callable[..., str], file: str, rows: int, nodes: tuple[str, ...]
) -> None:
    run = Run(tmp_path, *FEW[file], TWO)
    run.until_learning(rows)
    for node in nodes:
        os.kill(run.nodes()[node], signal.SIGKILL)
    assert run.wait().digest == undisturbed(file, TWO), run.output
    assert run.report["node_restarts"] == dict.fromkeys(nodes, 1)


@pytest.mark.slow
@pytest.mark.parametrize("policies", ["one_policy:=false", "one_policy:=true"])
@pytest.mark.parametrize("file, rows", [("gail.yaml", 4), ("dac.yaml", 18)])
def test_a_killed_launchers_run_goes_on(
    tmp_path: Path, undisturbed: Callable[..., str], file: str, rows: int, policies: str
) -> None:
    run = Run(tmp_path, *FEW[file], TWO, policies)
    run.until_learning(rows)
    run.kill()
    assert run.resumed().digest == undisturbed(file, TWO, policies)


@pytest.mark.slow
@pytest.mark.parametrize("file", list(FEW))
def test_a_recording_holds_what_every_node_says_again(tmp_path: Path, file: str) -> None:
    run = finished(tmp_path, *FEW[file], TWO, "record:=true")
    done = cli("verify", run.run_dir)
    assert done.returncode == 0, done.stdout
    parts, whole = (transitions(run.run_dir, topic) for topic in ("parts/transition", "transition"))
    assert len(parts) == 2 * len(whole)
    copies = first_observations(run.run_dir)
    together = next(one for one in whole if one.rollout == 0).observation
    assert np.array_equal(np.concatenate([copies["simulator-0"], copies["simulator-1"]], 1), together)


def first_observations(recorded: Path) -> dict[str, np.ndarray]:
    """The observations of each simulator's first rollout."""
    said = [one for one in Reader(search.find(recorded)) if one.topic == "parts/transition"]
    built = [(one.sender, one.build(Transition)) for one in said]
    return {who: one.observation for who, one in built if isinstance(one, Transition) and one.rollout == 0}


def transitions(recorded: Path, topic: str) -> list[Transition]:
    return [message for message in read(recorded, topic) if isinstance(message, Transition)]


@pytest.mark.parametrize("lag", [0, 2])
def test_others_go_on_until_the_lag_is_used_up_while_one_stalls(lag: int) -> None:
    made = graph("gail.yaml", [TWO, f"lag:={lag}", "environments:=2", "rollout_steps:=8", "budget:=128"])
    made.nodes = [plan for plan in made.nodes if plan.name not in ("report", "console")]
    said = said_without(made, "simulator-0")
    assert said["simulator-1", "parts/transition"] == lag + 1
    assert said["gatherer", "transition"] == 0


def said_without(made: Graph, stalled: str) -> Counter[tuple[str, str]]:
    """How many messages each node publishes on each topic, until nobody can go on without the stalled node."""
    nodes = {plan.name: node_class(plan.run)(**plan.parameters) for plan in made.nodes}
    inboxes = {plan.name: inbox_of(plan, type(nodes[plan.name]), made) for plan in made.nodes}
    turns = {name: Turns(node, inboxes[name]) for name, node in nodes.items()}
    said: Counter[tuple[str, str]] = Counter()

    def say(sender: NodePlan, messages: Iterable[Message]) -> None:
        for message in messages:
            for topic in sender.says.values() if type(message) is Promise else [sender.says[message.topic]]:
                said[sender.name, topic] += 1
                for inbox in inboxes.values():
                    if (sender.name, topic) in inbox.streams:
                        inbox.put(sender.name, topic, message)

    for plan in made.nodes:
        say(plan, nodes[plan.name].start())
    before = None
    while before != (before := said.total()):
        for plan in made.nodes:
            if plan.name != stalled:
                say(plan, turns[plan.name].hear_all())
    return said
