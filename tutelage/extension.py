"""More budget for a run that has used its own: `launch --resume RUN budget:=N`.

All nodes have kept a checkpoint before the end of the budget. The run goes on from there as if that had not come.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tutelage.checkpointing import BUDGET
from tutelage.files import durable
from tutelage.files.weights import set_aside
from tutelage.graph import Graph, NodePlan, node_class
from tutelage.input.problems import Problem, Refusal
from tutelage.input.types import fits
from tutelage.input.yaml_marks import scalar
from tutelage.launchfiles import resolved
from tutelage.launchfiles.arguments import from_command_line
from tutelage.node import parameters
from tutelage.supervision import roles, signature

BEGUN = "extension.json"
"""Written before the first step of an extension, removed after the last. Each step can be done again."""


FORMER = "former"
"""The folder of recordings that an extended run cuts off."""


def begun(folder: Path) -> bool:
    """Whether an extension was cut off, for example by a power cut: the next resume must do the rest."""
    return (folder / BEGUN).exists()


def extend(graph: Graph, folder: Path, words: Sequence[str]) -> None:
    """Gives a run, and its graph, another budget, or completes an extension that was cut off.

    Raises:
        Refusal: there is no such budget, it is used already, or the run did not end by its budget.
    """
    cut_off = int(durable.read_json(folder / BEGUN)["budget"]) if begun(folder) else 0
    budget = _named(words) if words else cut_off
    if not cut_off and (why := _why_not(graph, folder, budget)):
        raise Refusal([Problem(folder, why)])
    if cut_off and cut_off != budget:
        raise Refusal([Problem(folder, f"its extension to budget:={cut_off} was cut off: go on with that first")])
    durable.write_json(folder / BEGUN, {"budget": budget})
    _rewind(graph, folder)
    _write_budget(graph, folder, budget)
    (folder / BEGUN).unlink()
    durable.flush_folder(folder)


def _named(words: Sequence[str]) -> int:
    values = from_command_line(words)
    budget = scalar(values.get("budget", ""))
    whole = type(budget) in (int, float) and budget >= 0 and budget % 1 == 0  # 1e5 is one, too
    if values.keys() != {"budget"} or not whole:
        raise Refusal([Problem(" ".join(words), "a run that is resumed takes budget:=N alone, in environment steps")])
    return int(budget)


def _why_not(graph: Graph, folder: Path, budget: int) -> str:
    path = folder / "report.json"
    report = durable.read_json(path) if path.exists() else {}
    if report.get("exit_code") != 0:
        return "this run has not come to its end yet: go on with it first, without budget:="
    if far := [plan.name for plan in graph.nodes if plan.host and not plan.on]:
        return f"the checkpoints of {', '.join(far)} are on another machine: start a new run"
    if not _plans(graph):
        return "this run has no budget of environment steps: start a new one"
    if not isinstance(used := report.get("environment_steps"), int):
        return "its report.json has no environment_steps: only a run with a nodes.report:Report can be extended"
    if budget <= used:
        return f"this run has learned from {used} environment steps: name a budget above that"
    newest, kept = ({path.stem for path in _checkpoints(folder, suffix)} for suffix in (".checkpoint", BUDGET))
    if not newest <= kept:
        return "this run did not end by its budget, or in too few rollouts: start a new one with a larger budget"
    return ""


def _plans(graph: Graph) -> list[NodePlan]:
    """The nodes with a budget."""
    return [plan for plan in graph.nodes if plan.run and "budget" in plan.parameters]


def _checkpoints(folder: Path, suffix: str) -> list[Path]:
    """Those of nodes on machines that Ray chose are in folders of their own."""
    return list((folder / "checkpoints").rglob(f"*{suffix}"))


def _rewind(graph: Graph, folder: Path) -> None:
    """Puts the kept checkpoints in the place of the newest, and removes or renames the results of the former end."""
    for name in ("report.json", "learned.json"):
        (folder / name).unlink(missing_ok=True)
    set_aside(folder)
    if kept := _checkpoints(folder, BUDGET):
        _copy_recordings(graph, folder)
    for path in kept:
        path.with_suffix(".previous").unlink(missing_ok=True)
        path.replace(path.with_suffix(".checkpoint"))
    for one in {path.parent for path in kept}:
        durable.flush_folder(one)


def _copy_recordings(graph: Graph, folder: Path) -> None:
    """Copies recordings that people may have gone on with after the learner's end: the extended run cuts that off."""
    classes = [node_class(plan.run) for plan in graph.nodes if plan.run]
    if any(kind.clock and kind.says and not kind.observer for kind in classes):
        for plan in filter(roles.records, graph.nodes):
            file = folder / plan.parameters.get("file", parameters(node_class(plan.run))["file"].default)
            if file.exists():
                durable.make_folder(folder / FORMER)
                durable.flush(Path(shutil.copy(file, folder / FORMER)))


def _write_budget(graph: Graph, folder: Path, budget: int) -> None:
    """Writes the graph with the new budget. Before that, run.json is signed for it as well as for the former one."""
    graph.arguments["budget"] = budget
    for plan in _plans(graph):
        plan.parameters["budget"] = _extended(plan, budget)
    about = durable.read_json(folder / "run.json") | {"arguments": graph.arguments}
    if (signed := signature.sign(about["run"], graph)) not in about["signature"]:
        about["signature"] += f" {signed}"
    durable.write_json(folder / "run.json", about)
    durable.write(folder / "launch.yaml", resolved.resolved(graph).encode())
    durable.write(folder / "graph.json", graph.to_json().encode())


def _extended(plan: NodePlan, budget: int) -> Any:
    """The budget as a node takes it: with the former ones, if it anneals by them, or the new one alone."""
    former = plan.parameters["budget"]
    parts = former if isinstance(former, list) else [former]
    parts = parts if parts[-1] == budget else [*parts, budget]
    return parts if fits(parts, parameters(node_class(plan.run))["budget"].annotation) else budget
