"""A graph as it will run: nodes with their parameters and connections. Plain data, stored as JSON.

A launch file becomes a graph (launchfile.py, wiring.py); the supervisor starts its nodes; the run folder stores it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, get_type_hints

from tutelage.files import durable
from tutelage.input.loading import class_of
from tutelage.input.problems import Problem, Refusal
from tutelage.input.types import fits
from tutelage.node import Node, RecordingNode
from tutelage.program import program_class

Kind = TypeVar("Kind")

LEASE_SECONDS = 600.0
"""How long a process may be silent before it counts as dead, unless the launch file says otherwise."""


@dataclass
class NodePlan:
    """One node of a graph.

    Attributes:
        name: unique in the graph, namespaces before it: `train/simulator`.
        run: `package.module:Class` or `path/to/file.py:Class`; or `command` for any other program.
        hears: topic -> names of the nodes that publish it.
        says: message type's own topic name -> topic on which it is published (namespace and remaps applied).
        takes: topic -> message type's own topic name, for its subscriptions, without those to any Message.
        types: of a program that is a node, the types that it `hears` and `says`, as the launch file names them.
        restarts, restart_seconds: how many restarts are allowed within this time.
        required: the run fails when this node cannot be kept alive.
        host: the name of the machine that it runs on; empty for the launcher's.
        on: what that machine must have, if Ray chooses it: `cpu`, `gpu`, `resources`, `labels`.
        process: the process that it shares with the other nodes that name it; empty for one of its own.
        traits: of its class (see the function), for a machine that does not have the class.
    """

    name: str
    run: str = ""
    command: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    hears: dict[str, list[str]] = field(default_factory=dict)
    says: dict[str, str] = field(default_factory=dict)
    takes: dict[str, str] = field(default_factory=dict)
    types: dict[str, list[str]] = field(default_factory=dict)
    restarts: int = 5
    restart_seconds: float = 60.0
    required: bool = True
    host: str = ""
    on: dict[str, Any] = field(default_factory=dict)
    process: str = ""
    traits: list[str] | None = None

    @property
    def kind(self) -> type[Node] | None:
        """The node's class; for a program that is a node, one with its types; None for any other program."""
        if self.run:
            return node_class(self.run)
        return program_class(tuple(self.types["hears"]), tuple(self.types["says"])) if self.types else None

    def each_step(self) -> dict[str, list[str]]:
        """Those of `hears` on which there is a message at every step of the simulator."""
        kind = self.kind
        heard = {*kind.hears, *kind.may_hear}.difference(kind.exchanges) if kind else set()
        types = {one.topic for one in heard if one.cadence == "step"}
        return {topic: senders for topic, senders in self.hears.items() if self.takes.get(topic) in types}


def traits(plan: NodePlan) -> set[str]:
    """What a node's class is: `observer`, `recorder`, `realtime`, `steers`."""
    if plan.traits is not None:
        return set(plan.traits)
    kind = plan.kind
    if kind is None:
        return set()
    found = {"recorder": issubclass(kind, RecordingNode)}
    found |= {trait: getattr(kind, trait) for trait in ("observer", "realtime", "steers")}
    return {trait for trait, holds in found.items() if holds}


@dataclass
class Graph:
    """All nodes of a run, the arguments of its launch file, and its kind of time.

    `messages` is the JSON schema of each topic, for observers without the nodes' code.
    """

    name: str
    nodes: list[NodePlan]
    arguments: dict[str, Any] = field(default_factory=dict)
    time: Literal["lockstep", "realtime"] = "lockstep"
    messages: dict[str, Any] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    """folders with the user's modules, searched after all others"""
    lease: float = LEASE_SECONDS
    """seconds of silence after which a process counts as dead"""

    def listeners(self, sender: NodePlan) -> dict[str, list[str]]:
        """The nodes that must receive a node's messages, by name: the topics. Without observers."""
        heard = {
            node.name: [topic for topic, senders in node.hears.items() if sender.name in senders]
            for node in self.nodes
            if (node.run or node.types) and "observer" not in traits(node)
        }
        return {name: topics for name, topics in heard.items() if topics}

    def together(self, plan: NodePlan) -> list[NodePlan]:
        """The nodes of a node's process, itself among them, in the graph's order."""
        return [node for node in self.nodes if node.process == plan.process] if plan.process else [plan]

    def sinks(self) -> set[str]:
        """The names of nodes in no ring that lead into none, for example a report: no node waits for them.

        So logical time does not bound their queues. Without observers, recorders and robots, which cannot ask a
        robot later for its messages.
        """
        ours = {node.name: (node, traits(node)) for node in self.nodes if node.run or node.types}
        looking = {name for name, (_, found) in ours.items() if found & {"observer", "recorder"}}
        candidates = {name for name, (_, found) in ours.items() if "realtime" not in found} - looking
        sinks: set[str] = set()
        while True:
            others = [node for name, (node, _) in ours.items() if name not in sinks | looking]
            heard = {sender for node in others for senders in node.hears.values() for sender in senders}
            if candidates - heard == sinks:
                return sinks
            sinks = candidates - heard

    def by_the_clock(self) -> list[str]:
        """The names of nodes that act on a world which does not wait: robots, and the nodes that drive them."""
        return [node.name for node in self.nodes if "realtime" in traits(node)]

    def programs(self) -> list[str]:
        """The names of nodes that are programs of their own."""
        return [node.name for node in self.nodes if node.command]

    def to_json(self) -> str:
        """JSON with a checksum (durable.py): a flipped bit would make another run."""
        plain = asdict(self)
        for node in plain["nodes"]:
            for later in ("types", "on", "process"):
                if not node[later]:
                    del node[later]  # so that runs which were signed before there were any stay this user's
        return durable.to_json(plain)

    @classmethod
    def from_json(cls, text: str) -> Graph:
        """The graph of `to_json`'s text.

        Raises:
            ValueError: it is damaged or not a graph, in one sentence.
        """
        read = durable.from_json(text)
        graph = _made(cls, read)
        graph.nodes = [_made(NodePlan, node) for node in read["nodes"]]
        return graph

    @classmethod
    def of_run(cls, folder: Path) -> Graph:
        """The graph in a run's folder.

        Raises:
            Refusal: there is none, or it is damaged.
        """
        path = folder / "graph.json"
        try:
            return cls.from_json(path.read_text(errors="replace"))
        except OSError as error:
            raise Refusal([Problem(folder, "there is no run here: name the folder of one")]) from error
        except ValueError as error:
            raise Refusal([Problem(path, str(error))]) from error


def _made(kind: type[Kind], read: Any) -> Kind:
    """A dataclass from JSON, with the type of each field checked, but not the types of a list's elements."""
    hints = get_type_hints(kind)
    if not isinstance(read, dict) or not all(name in hints and fits(read[name], hints[name]) for name in read):
        raise ValueError(f"this is no {kind.__name__}, or one of another version: {read!r}"[:120])
    try:
        return kind(**read)
    except TypeError as error:
        raise ValueError(str(error)) from error


def node_class(run: str) -> type[Node]:
    """The node class that `package.module:Class` or `path/to/file.py:Class` names. Raises as `class_of` does."""
    return class_of(run, Node)
