"""Writes a graph as a launch file without arguments or conditions. Defaults of the language are left out."""

from __future__ import annotations

from textwrap import indent
from typing import Any

from tutelage.graph import LEASE_SECONDS, Graph, NodePlan
from tutelage.input.yaml_marks import dump
from tutelage.launchfiles.substitution import escaped


def resolved(graph: Graph) -> str:
    """YAML that gives the same nodes. Comments contain the arguments that led to it."""
    arguments = indent(dump(graph.arguments), "#   ")
    nodes = {plan.name: escaped(_node(plan)) for plan in graph.nodes}
    head: dict[str, Any] = {"time": graph.time} | ({"lease": graph.lease} if graph.lease != LEASE_SECONDS else {})
    return f"# {graph.name}, resolved with the arguments\n{arguments}" + dump({**head, "nodes": nodes})


def _node(plan: NodePlan) -> dict[str, Any]:
    node: dict[str, Any] = {"run": plan.command or plan.run, **plan.types}
    if plan.parameters:
        node["parameters"] = plan.parameters
    if remap := _remap(plan):
        node["remap"] = remap
    if plan.environment:
        node["environment"] = plan.environment
    if (plan.restarts, plan.restart_seconds) != (NodePlan.restarts, NodePlan.restart_seconds):
        node["restart"] = {"times": plan.restarts, "seconds": plan.restart_seconds}
    if not plan.required:
        node["required"] = False
    if plan.host:
        node["host"] = plan.host
    if plan.on:
        node["on"] = plan.on
    if plan.process:
        node["process"] = f"/{plan.process}"
    return node


def _remap(plan: NodePlan) -> dict[str, str]:
    """The remaps of a node. (An observer may hear one type on several topics, which no remap can say.)"""
    space = plan.name.rpartition("/")[0]
    heard = {own: topic for topic, own in plan.takes.items() if list(plan.takes.values()).count(own) == 1}
    return {own: f"/{topic}" for own, topic in {**heard, **plan.says}.items() if topic != f"{space}/{own}".lstrip("/")}
