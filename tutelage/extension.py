"""More budget for a run that has used its own: `launch --resume RUN budget:=N`.

The checkpoints of a finished run are those before its end, so it goes on as if that had not come.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tutelage.files import checkpoint, durable
from tutelage.graph import Graph, NodePlan, node_class
from tutelage.input.problems import Problem, Refusal
from tutelage.input.types import fits
from tutelage.launchfiles.arguments import from_command_line
from tutelage.node import parameters
from tutelage.supervision import run


def extend(graph: Graph, folder: Path, words: Sequence[str]) -> None:
    """Gives the graph of a run another budget, in its folder too. The run counts as unfinished from now on.

    Raises:
        Refusal: there is no such budget, it is used already, or the run did not end by its budget.
    """
    values = from_command_line(words)
    if values.keys() != {"budget"} or not values["budget"].isdecimal():
        raise Refusal([Problem(" ".join(words), "a run that is resumed takes budget:=N alone, in environment steps")])
    budget = int(values["budget"])
    plans = [plan for plan in graph.nodes if plan.run and "budget" in plan.parameters]
    if why := _why_not(folder, plans, budget):
        raise Refusal([Problem(folder, why)])
    graph.arguments["budget"] = budget
    for plan in plans:
        plan.parameters["budget"] = _extended(plan, budget)
    run.describe(graph, folder, run.name_of(folder))
    (folder / "report.json").unlink()


def _why_not(folder: Path, plans: Sequence[NodePlan], budget: int) -> str:
    path = folder / "report.json"
    report = durable.read_json(path) if path.exists() else {}
    if report.get("exit_code") != 0:
        return "this run has not come to its end yet: go on with it first, without budget:="
    if not plans:
        return "this run has no budget of environment steps: start a new one"
    if budget <= (used := report["environment_steps"]):
        return f"this run has learned from {used} environment steps: name a budget above that"
    states = [checkpoint.load(folder / "checkpoints" / f"{plan.name.replace('/', '.')}.checkpoint") for plan in plans]
    if any(state and state["done"] for state in states):
        return "this run did not end by its budget, or in too few rollouts: start a new one with a larger budget"
    return ""


def _extended(plan: NodePlan, budget: int) -> Any:
    """The budget as a node takes it: with the former ones, if it anneals by them, or the new one alone."""
    former = plan.parameters["budget"]
    parts = [*(former if isinstance(former, list) else [former]), budget]
    return parts if fits(parts, parameters(node_class(plan.run))["budget"].annotation) else budget
