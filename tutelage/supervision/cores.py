"""Nodes that wait for each other at every step share a processor core; those that a machine waits for go first.

In lockstep they never work at the same time, and waking a process on another core costs more than a small policy's
answer (bench/beside_plain.py: with it the graph learns a fifth faster on two cores). In real time each gets a core as
soon as it wants one (bench/realtime.py: beside busy processes, deadlines are kept twenty times more exactly).
"""

from __future__ import annotations

import os
from pathlib import Path

from tutelage.graph import Graph, NodePlan, node_class

PRIORITY = 10
"""Of 1 to 99: before all ordinary processes, behind what the system itself holds to be urgent."""


def sharing(graph: Graph) -> set[str]:
    """The nodes that are to share a core; none where time is real."""
    return set() if graph.time == "realtime" or graph.by_the_clock() else partners(graph)


def hurried(graph: Graph) -> set[str]:
    """The nodes that must be in time: what acts on the world, and who answers it at every step."""
    acting = set(graph.by_the_clock())
    return acting | partners(graph) if acting else set()


def partners(graph: Graph) -> set[str]:
    """The nodes that say something at every step to one that answers at every step.

    Those that hear by arrival wait for a person, or only look on.
    """
    classes = {plan.name: node_class(plan.run) for plan in graph.nodes if plan.run}
    heard = {(sender, plan.name) for plan in graph.nodes for sender in _senders_each_step(plan)}
    return {one for one, other in heard if (other, one) in heard and classes[one].order == "time"}


def _senders_each_step(plan: NodePlan) -> list[str]:
    """Whom a node hears at every step."""
    if not plan.run:
        return []
    kind = node_class(plan.run)
    each_step = {message.topic for message in (*kind.hears, *kind.may_hear) if message.cadence == "step"}
    return [sender for topic, senders in plan.hears.items() if plan.takes.get(topic) in each_step for sender in senders]


def own() -> int | None:
    """The core that this process runs on, which was free enough for it; None where the system does not say (macOS)."""
    stat = Path("/proc/self/stat")
    return int(stat.read_text().rpartition(")")[2].split()[36]) if stat.exists() else None


def settle_on(core: int) -> None:
    """Keeps this process, and the threads it will have, on one core."""
    if hasattr(os, "sched_setaffinity"):  # Linux
        os.sched_setaffinity(0, {core})


def hurry() -> None:
    """Lets this process go before ordinary ones, where the system permits it to (Linux: `ulimit -r`, or root)."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except (AttributeError, PermissionError):
        print("no real-time priority: the system does not permit it, so deadlines are kept less exactly")
