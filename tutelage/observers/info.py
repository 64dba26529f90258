"""One node or one topic of a running graph, in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tutelage.drawing.text import messages
from tutelage.foreign import message_type
from tutelage.input.problems import Problem, Refusal, did_you_mean
from tutelage.observers import runs
from tutelage.supervision.registry import Running


def node(run: Running, name: str) -> str:
    """Its process, what it hears from whom, what it says to whom, and its parameters.

    Raises:
        Refusal: there is no such node.
    """
    plans = {plan.name: plan for plan in run.graph.nodes}
    if name not in plans:
        raise Refusal([Problem(name, f"there is no such node in {run.run_dir.name}; {did_you_mean(name, plans)}")])
    plan = plans[name]
    row = next(row for row in runs.nodes([run]) if row.node == name)
    where = f"on {plan.host}" if plan.host else "no process"
    process = where if row.process_id is None else f"process {row.process_id}"
    lines = [
        f"{name}   {plan.run or ' '.join(plan.command)}",
        f"  {row.state}, {process}, {row.restarts or 0} restarts",
    ]
    lines += _part("hears", ((topic, f"from {', '.join(senders)}") for topic, senders in plan.hears.items()))
    lines += _part("says", ((topic, _to(run, topic)) for topic in plan.says.values()))
    lines += _part("parameters", plan.parameters.items())
    return "\n".join(lines)


def topic(run: Running, name: str) -> str:
    """Its message type with all fields, who publishes it, and who hears it.

    Raises:
        Refusal: no node publishes it.
    """
    runs.check_topics(run, [name])
    says = f"published by {', '.join(runs.speakers(run, name))}"
    return "\n".join([f"{name}   {says}, {_to(run, name)}", "", messages([message_type(run.graph.messages[name])])])


def _to(run: Running, name: str) -> str:
    heard = runs.listeners(run, name)
    return f"to {', '.join(heard)}" if heard else "to nobody"


def _part(title: str, rows: Iterable[tuple[str, Any]]) -> Iterator[str]:
    found = list(rows)
    if found:
        width = max(len(str(name)) for name, _ in found)
        yield f"  {title}"
        yield from (f"    {name:{width}}  {value}" for name, value in found)
