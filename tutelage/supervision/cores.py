"""Nodes that wait for each other at every step share a processor core; nodes that a robot waits for get priority.

In lockstep the former never work at the same time, and waking a process on another core costs more than a small
policy's answer (bench/beside_plain.py: sharing lets the graph learn a fifth faster on two cores). With priority, a
process gets a core as soon as it wants one (bench/realtime.py: beside busy processes, deadlines are kept twenty times
more exactly).
"""

from __future__ import annotations

import os

from tutelage.graph import Graph
from tutelage.supervision.liveness import stat

PRIORITY = 10
"""Of 1 to 99: before all ordinary processes, after the system's own urgent ones."""


def sharing(graph: Graph) -> list[set[str]]:
    """The groups of nodes that share a core; none in real time."""
    return [] if graph.time == "realtime" or graph.by_the_clock() else partners(graph)


def allotted(graph: Graph) -> dict[str, int]:
    """The core of each node that shares one: the launcher's for the first group, then the next one, round and round."""
    if (first := own()) is None:
        return {}
    there = sorted(os.sched_getaffinity(0))
    after = there[there.index(first) :] + there[: there.index(first)]
    return {name: after[i % len(after)] for i, group in enumerate(sharing(graph)) for name in group}


def hurried(graph: Graph) -> set[str]:
    """The nodes that must be in time: those that act on the world, and those that answer them at every step."""
    acting = set(graph.by_the_clock())
    return acting.union(*partners(graph)) if acting else set()


def partners(graph: Graph) -> list[set[str]]:
    """The nodes that publish at every step to a node that answers at every step, with those whom they wait for.

    Nodes ordered by arrival do not count: they wait for a person, or are observers. Nor do nodes of one process.
    """
    classes = {plan.name: plan.kind for plan in graph.nodes if plan.kind}
    heard = {(sender, plan.name) for plan in graph.nodes for senders in plan.each_step().values() for sender in senders}
    together = {(one.name, other.name) for one in graph.nodes for other in graph.together(one)}
    groups: list[set[str]] = []
    for pair in sorted(heard - together):
        if pair[::-1] in heard:
            met = [group for group in groups if group & set(pair)]
            groups = [group for group in groups if group not in met] + [set(pair).union(*met)]
    return [group - {name for name in group if classes[name].order != "time"} for group in groups]


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
