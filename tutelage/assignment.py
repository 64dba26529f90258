"""What a node's process is given: its place in the run, the streams it hears, and the topics it publishes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tutelage.foreign import message_type
from tutelage.graph import Graph, NodePlan, traits
from tutelage.message import Message
from tutelage.node import Node
from tutelage.transport.inbox import Inbox, Stream


@dataclass
class Assignment:
    """A process's place: its run, the run's folders and graph, and the core it must stay on, if any.

    `restarts` says how often it was restarted. A `hurried` process gets real-time priority, because a robot waits for
    it. The run's processes know each other by the `secret`. The folder of `checkpoints` is below that of the run.
    """

    run: str
    run_dir: Path
    socket_dir: Path
    graph: Graph
    secret: bytes = field(default=b"", repr=False)
    restarts: int = 0
    core: int | None = None
    hurried: bool = False
    checkpoints: str = "checkpoints"


def inbox_of(plan: NodePlan, kind: type[Node], graph: Graph) -> Inbox:
    """The streams that a node hears in the graph.

    It does not wait for the end of what an optional node says; nor does a robot for that of people who steer it.
    """
    types = {heard.topic: heard for heard in (*kind.hears, *kind.may_hear)}
    kinds = {t: types[plan.takes[t]] if t in plan.takes else message_type(graph.messages[t]) for t in plan.hears}
    free = {one.name for one in graph.nodes if not one.required or (kind.realtime and "steers" in traits(one))}
    streams = [
        Stream(sender, kinds[topic], topic, awaited=sender not in free)
        for topic, senders in plan.hears.items()
        for sender in senders
    ]
    return Inbox(streams, kind.order, kind.exchanges)


def unsaid_of(plan: NodePlan, kind: type[Node]) -> frozenset[type[Message]]:
    """The message types that a node may hear and no node of the graph publishes."""
    said = set(plan.takes.values())
    return frozenset(one for one in kind.may_hear if one is not Message and one.topic not in said)


def topics_of(plan: NodePlan, node: Node, messages: Mapping[str, Any]) -> dict[type[Message], str]:
    """The topics that a node's message types are published on in the graph.

    `messages` has the schemas for a node that says more than its class: one that steers.
    """
    types = {said.topic: said for said in node.says}
    return {types[own] if own in types else message_type(messages[topic]): topic for own, topic in plan.says.items()}
