"""The graphs on this machine, their nodes and topics. They are read from files, without asking a process."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tutelage.graph import NodePlan
from tutelage.input.problems import Problem, Refusal, complain, did_you_mean
from tutelage.invocation import program
from tutelage.observers.listener import hear
from tutelage.status import Status
from tutelage.supervision import registry
from tutelage.supervision.liveness import stat
from tutelage.supervision.registry import Running

RATE_SECONDS = 1.6
"""How long rates are measured: a process publishes its status every half second."""


class NodeRow(NamedTuple):
    """A node in `node list`. `state` is running, stopped (by a signal), ended or dead.

    `process_id` is None if it is dead, or on another machine.
    """

    run: str
    node: str
    process_id: int | None
    state: str
    restarts: int | None


class TopicRow(NamedTuple):
    """A topic in `topic list`; `rate` in messages a second, if it was measured."""

    topic: str
    type: str
    says: list[str]
    hears: list[str]
    rate: float | None = None


def running(name: str | None = None, alone: bool = False) -> Running:
    """The run of this name or folder. Without a name it is the newest; if there are several, that is printed.

    Raises:
        Refusal: there is none; several have this name; or it has no name, shall be `alone`, and is not.
    """
    runs = registry.runs()
    if not runs:
        raise Refusal([Problem("no graph is running", f"start one, for example with `{program()} launch gail.yaml`")])
    if name is None:
        if len(runs) > 1 and alone:
            raise Refusal([Problem("several graphs are running", f"say which one you mean: {_choice(runs)}")])
        if len(runs) > 1:
            complain(f"this is {runs[-1].run_dir.name}, the newest of {len(runs)} runs: name another by --run")
        return runs[-1]
    found = [run for run in runs if name == run.run_dir.name or Path(name).resolve() == run.run_dir]
    if not found:
        names = [run.run_dir.name for run in runs]
        raise Refusal([Problem(name, f"no run of this name or folder is running; {did_you_mean(name, names)}")])
    if len(found) > 1:
        raise Refusal([Problem(name, f"several runs have this name, so name a folder: {_choice(found)}")])
    return found[0]


def _choice(runs: Iterable[Running]) -> str:
    return " or ".join(f"--run {run.run_dir}" for run in runs)


def nodes(runs: Iterable[Running]) -> list[NodeRow]:
    """All nodes of these runs."""
    return [_node(run, plan) for run in runs for plan in run.graph.nodes]


def _node(run: Running, plan: NodePlan) -> NodeRow:
    listed = run.processes.get(plan.name)
    if listed is None:
        return NodeRow(run.run_dir.name, plan.name, None, "dead", None)
    process = None if plan.host else listed["pid"]  # of its stand-in
    return NodeRow(run.run_dir.name, plan.name, process, _state(listed), listed["restarts"])


def _state(listed: dict[str, Any]) -> str:
    letter = stat(listed["pid"])[0]  # on Linux: T is stopped, Z is dead
    if letter in ("T", "t"):
        return "stopped"
    if letter in ("Z", "X") or not registry.alive(listed["pid"]):
        return "dead"
    return "ended" if listed["ended"] else "running"


def topics(run: Running, rates: bool = False) -> list[TopicRow]:
    """All topics of a run, with `rates` also their rates."""
    found = measured_rates(run) if rates else {}
    return [
        TopicRow(topic, schema["title"], speakers(run, topic), listeners(run, topic), found.get(topic))
        for topic, schema in sorted(run.graph.messages.items())
    ]


def of_type(run: Running, name: str) -> list[str]:
    """The topics of a message type.

    Raises:
        Refusal: there is none.
    """
    rows = topics(run)
    if found := [row.topic for row in rows if row.type == name]:
        return found
    what = f"no topic of {run.run_dir.name} has messages of this type; {did_you_mean(name, {row.type for row in rows})}"
    raise Refusal([Problem(name, what)])


def speakers(run: Running, topic: str) -> list[str]:
    """The nodes that publish on a topic; all our nodes publish their status."""
    if topic == Status.topic:
        return [plan.name for plan in run.graph.nodes if plan.run]
    return [plan.name for plan in run.graph.nodes if topic in plan.says.values()]


def listeners(run: Running, topic: str) -> list[str]:
    """The nodes that hear a topic."""
    return [plan.name for plan in run.graph.nodes if topic in plan.hears]


def check_topics(run: Running, asked: Iterable[str]) -> None:
    """Checks that a node publishes on each of these topics.

    Raises:
        Refusal: all topics that are unknown.
    """
    known = run.graph.messages
    unknown = [topic for topic in asked if topic not in known]
    if unknown:
        name = run.run_dir.name
        raise Refusal(
            [Problem(t, f"no node of {name} publishes this topic; {did_you_mean(t, known)}") for t in unknown]
        )


def measured_rates(run: Running) -> dict[str, float]:
    """Messages a second by topic, from the counts in the processes' statuses; no other topic is received."""
    first: dict[str, Status] = {}
    last: dict[str, Status] = {}
    until = time.monotonic() + RATE_SECONDS
    for heard in hear(run.name, run.socket_dir, speakers(run, Status.topic), {Status.topic: Status}):
        if heard and isinstance(heard.message, Status):
            first.setdefault(heard.message.node, heard.message)
            last[heard.message.node] = heard.message
        if time.monotonic() > until:
            break
    rates: dict[str, float] = {}
    for node, now in last.items():
        seconds = now.seconds - first[node].seconds
        for topic, count in now.said.items() if seconds > 0 else ():
            rates[topic] = rates.get(topic, 0.0) + (count - first[node].said.get(topic, 0)) / seconds
    return rates
