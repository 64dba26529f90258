"""Checks which nodes share a process (`process: NAME`), as ROS 2 composes components."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tutelage.input.problems import Problem
from tutelage.launchfiles.plans import Planned


def problems(wired: Iterable[Planned]) -> Iterator[Problem]:
    """A problem for each node that cannot share the process that it names."""
    first: dict[str, Planned] = {}
    for one in wired:
        if one.plan.process and (why := _why_not(one, first.setdefault(one.plan.process, one))):
            yield Problem(one.entry.place, f"{one.plan.name} cannot share the process {one.plan.process}: {why}")


def _why_not(one: Planned, first: Planned) -> str:
    """Why a node cannot share the process of the `first` one that names it; empty if it can."""
    plan, kind = one.plan, one.kind
    if plan.command:
        return "it is a program of its own"
    if kind and (kind.order == "arrival" or kind.observer or kind.realtime or kind.clock):
        return "it does not go by logical time, and such nodes have a process each"
    if plan.host:
        return f"it is to run on {plan.host}, and such nodes have a process each"
    if not plan.required:
        return "it is not required, but the others cannot go on without their process"
    if plan.environment != first.plan.environment:
        return f"its environment variables are not those of {first.plan.name}, and a process has one set of them"
    return ""
