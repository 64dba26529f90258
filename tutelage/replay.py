"""`tutelage verify` and `tutelage bag play`: replay a recorded run, to compare it or in a graph."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tutelage import launcher as launching
from tutelage.graph import Graph, NodePlan, node_class
from tutelage.input.problems import Problem, Refusal, did_you_mean
from tutelage.recording import search as finding
from tutelage.recording import verification as verifying
from tutelage.recording.verification import Comparison
from tutelage.supervision import run, signature

PLAYER = "nodes.player:Player"

BEGIN_SECONDS = 1.0
"""Time for the processes of a graph to start before players begin."""


def verify(path: Path, trusted: bool = False) -> list[Comparison]:
    """Compares what the nodes publish now with what was recorded.

    Raises:
        Refusal: there is no recording, or this machine did not make it and it is not `trusted`.
    """
    recording, made = _recorded(path, trusted, newest=True)
    return verifying.verify(recording, made, finding.was_interrupted(recording))


def play(path: Path, nodes: Sequence[str], rate: float, skip: float, run_dir: str | None, trusted: bool = False) -> int:
    """Runs the recorded graph with players in place of these nodes, or of all that published if none is named.

    Raises:
        Refusal: there is no such node, no recording, or this machine did not make it and it is not `trusted`; or a
            robot would be driven by what was recorded.
    """
    recording, made = _recorded(path, trusted)
    graph = _with_players(made, recording, nodes, rate, skip)
    _refuse_robots(graph, path)
    return launching.begin(graph, run_dir)


def _refuse_robots(graph: Graph, path: Path) -> None:
    """Raises Refusal if a node of the graph would act on the world, which is not where it was when it was recorded."""
    if names := graph.by_the_clock():
        add = " ".join(f"--node {name}" for name in names)
        what = f"{', '.join(names)} would act on the real world: replay it, too, by {add}, or start a new run"
        raise Refusal([Problem(path, what)])


def _recorded(path: Path, trusted: bool, newest: bool = False) -> tuple[Path, Graph]:
    recording = finding.find(path).resolve()
    signature.check_graph(finding.about(recording, newest), path, trusted)
    made = finding.graph(recording, newest)
    sys.path += made.paths
    run.load(made)
    return recording, made


def _with_players(made: Graph, recording: Path, nodes: Sequence[str], rate: float, skip: float) -> Graph:
    speaking = [plan.name for plan in made.nodes if plan.says]
    unknown = [name for name in nodes if name not in speaking]
    if unknown:
        raise Refusal([Problem(name, f"it published nothing; {did_you_mean(name, speaking)}") for name in unknown])
    parameters = {"file": str(recording), "rate": rate, "skip": skip, "begin": time.monotonic() + BEGIN_SECONDS}
    plans = []
    for plan in made.nodes:
        if plan.name in (nodes or speaking):
            plans.append(NodePlan(plan.name, PLAYER, parameters={**parameters, "node": plan.name}, says=plan.says))
        elif nodes or (plan.run and node_class(plan.run).observer):
            plans.append(plan)
    return replace(made, name=f"play-{made.name}", nodes=plans)
