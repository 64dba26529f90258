"""Nodes that wait for each other at every step share a processor core; nodes that a robot waits for get priority.

In lockstep the former never work at the same time, and waking a process on another core costs more than a small
policy's answer (bench/beside_plain.py: sharing lets the graph learn a fifth faster on two cores). With priority, a
process gets a core as soon as it wants one (bench/realtime.py: beside busy processes, deadlines are kept twenty times
more exactly).
"""

from __future__ import annotations

import os

from tutelage.graph import Graph, NodePlan
from tutelage.supervision.liveness import stat

PRIORITY = 10
"""Of 1 to 99: before all ordinary processes, after the system's own urgent ones."""


def sharing(graph: Graph) -> set[str]:
    """The nodes that share a core; none in real time."""
    return set() if graph.time == "realtime" or graph.by_the_clock() else partners(graph)


def hurried(graph: Graph) -> set[str]:
    """The nodes that must be in time: those that act on the world, and those that answer them at every step."""
    acting = set(graph.by_the_clock())
    return acting | partners(graph) if acting else set()


def partners(graph: Graph) -> set[str]:
    """The nodes that publish at every step to a node that answers at every step.

    Nodes ordered by arrival do not count: they wait for a person, or are observers. Nor do nodes of one process.
    """
    classes = {plan.name: plan.kind for plan in graph.nodes if plan.kind}
    heard = {(sender, plan.name) for plan in graph.nodes for sender in _senders_each_step(plan)}
    mutual = {(one, other) for one, other in heard if (other, one) in heard and classes[one].order == "time"}
    together = {(one.name, other.name) for one in graph.nodes for other in graph.together(one)}
    return {one for one, _ in mutual - together}


def _senders_each_step(plan: NodePlan) -> list[str]:
    """The nodes that this node hears at every step."""
    kind = plan.kind
    if not kind:
        return []
    each_step = {message.topic for message in (*kind.hears, *kind.may_hear) if message.cadence == "step"}
    return [sender for topic, senders in plan.hears.items() if plan.takes.get(topic) in each_step for sender in senders]


def own() -> int | None:
    """The core that this process runs on; None if the system does not say (macOS)."""
    fields = stat("self")
    return int(fields[36]) if len(fields) > 36 else None


def settle_on(core: int) -> None:
    """Keeps this process and its future threads on one core."""
    if hasattr(os, "sched_setaffinity"):  # Linux
        os.sched_setaffinity(0, {core})


def hurry() -> None:
    """Gives this process real-time priority, if the system permits it (Linux: `ulimit -r`, or root)."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except (AttributeError, PermissionError):
        print("no real-time priority: the system does not permit it, so deadlines are kept less exactly")
