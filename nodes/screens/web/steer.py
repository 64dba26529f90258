"""Steering a run from its page: restart a node, change a setting, end the run. The launcher may refuse it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tutelage.graph import Graph
from tutelage.input.types import fits
from tutelage.observers import parameters, runs
from tutelage.supervision import control, described, roles

ORDERS: dict[str, dict[str, Any]] = {
    "restart": {"node": str},
    "set": {"node": str, "setting": str, "value": float},
    "end": {},
}


def restartable(graph: Graph) -> list[str]:
    """The nodes that a person may restart."""
    return [plan.name for plan in graph.nodes if not roles.acts_on_the_world(plan)]


def settings(run_dir: Path, graph: Graph) -> list[dict[str, Any]]:
    """The settings that may change while the run goes on, and their values; none of a run of an older version."""
    if not (graph.arguments.get("steering") and (run_dir / described.FILE).exists()):
        return []
    rows = [row for row in parameters.rows_of(run_dir, graph) if row.steerable]
    return [{**row._asdict(), "range": row.steerable} for row in rows]


def check(asked: dict[str, Any]) -> None:
    """Raises ValueError if this is no order."""
    fields = ORDERS.get(str(asked.get("do")), {"do": type(None)})
    if asked.keys() - {"do"} != fields.keys() or not all(fits(asked[name], fields[name]) for name in fields):
        raise ValueError("no order")


def order(run_dir: Path, asked: dict[str, Any]) -> str:
    """Does what a page asks for, and says in a sentence what was done.

    Raises:
        Refusal: it cannot be done.
    """
    run = runs.running(str(run_dir))
    if asked["do"] == "set":
        return parameters.change(run, asked["node"], asked["setting"], asked["value"])
    wanted = {"do": "interrupt"} if asked["do"] == "end" else asked
    return control.ask(run.socket_dir, **wanted)
