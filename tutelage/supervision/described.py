"""The parameters of a run's nodes, written at its start: so an observer need not load their classes."""

from __future__ import annotations

import json
from inspect import Parameter
from pathlib import Path
from typing import Any, NamedTuple

from tutelage.files import durable
from tutelage.graph import Graph, NodePlan
from tutelage.input.problems import Problem, Refusal
from tutelage.node import parameters

FILE = "parameters.json"


class Described(NamedTuple):
    """The parameters of a node's class.

    Attributes:
        parameters: of its constructor, by name: the default, and the type as text.
        place: the dataclass of its settings, `module:Class`; empty if it has none.
        settings: the defaults of those that may change while it runs.
        ranges: least and greatest value of all that may change.
    """

    parameters: dict[str, tuple[Any, str]]
    place: str
    settings: dict[str, float]
    ranges: dict[str, tuple[float, float]]


def write(graph: Graph, folder: Path) -> None:
    """Writes the file into a run's folder."""
    described = {plan.name: _of(plan)._asdict() for plan in graph.nodes if plan.run}
    durable.write(folder / FILE, json.dumps(described, default=str, indent=2).encode(), durable=False)


def read(folder: Path) -> dict[str, Described]:
    """The parameters by node.

    Raises:
        Refusal: the file cannot be read, is not there, or is of another version.
    """
    path = folder / FILE
    nodes = durable.read_json(path) if path.exists() else None
    if nodes is None or any(node.keys() != set(Described._fields) for node in nodes.values()):
        what = "another version began this run and wrote no such file: look on with that one, or start another run"
        raise Refusal([Problem(path, what)])
    return {name: Described(**described) for name, described in nodes.items()}


def _of(plan: NodePlan) -> Described:
    kind = plan.kind
    assert kind
    own = {name: (_default(one), str(one.annotation)) for name, one in parameters(kind).items()}
    its = kind.Settings
    return Described(
        parameters=own,
        place=f"{its.__module__}:{its.__qualname__}" if its else "",
        settings={name: getattr(its, name) for name in kind.steerable if hasattr(its, name)},
        ranges=dict(kind.ranges(plan.parameters)),
    )


def _default(one: Parameter) -> Any:
    return None if one.default is Parameter.empty else one.default
