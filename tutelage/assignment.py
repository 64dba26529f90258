"""What a node's process is given to do: where it belongs, whom it hears, and on which topics it speaks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tutelage.foreign import message_type
from tutelage.graph import NodePlan
from tutelage.message import Message
from tutelage.node import Node
from tutelage.transport.inbox import Inbox, Stream


@dataclass
class Assignment:
    """Where a process belongs: its run, its folders, who must hear it, and the core it is to stay on, if any.

    `hurried`: it must answer in time, before a machine or as one, and goes before others. `machines` are the nodes that
    act on the world: what is said to them waits for no disk. `messages` is the schema of what is said on each topic.
    `sinks` are the nodes that nobody waits for. By the `secret` the run's processes know each other.
    """

    run: str
    run_dir: Path
    socket_dir: Path
    life: int = 0
    listeners: dict[str, list[str]] = field(default_factory=dict)
    core: int | None = None
    hurried: bool = False
    machines: Collection[str] = ()
    messages: dict[str, Any] = field(default_factory=dict)
    sinks: Collection[str] = ()
    secret: bytes = field(default=b"", repr=False)


def inbox_of(plan: NodePlan, kind: type[Node], messages: Mapping[str, Any]) -> Inbox:
    """The streams that a node hears, by the graph; `messages` has the schemas for one that hears all there is."""
    types = {heard.topic: heard for heard in (*kind.hears, *kind.may_hear)}
    kinds = {t: types[plan.takes[t]] if t in plan.takes else message_type(messages[t]) for t in plan.hears}
    streams = [Stream(sender, kinds[topic], topic) for topic, senders in plan.hears.items() for sender in senders]
    return Inbox(streams, kind.order)


def unsaid_of(plan: NodePlan, kind: type[Node]) -> frozenset[type[Message]]:
    """What a node may hear and nobody says, by the graph."""
    said = set(plan.takes.values())
    return frozenset(one for one in kind.may_hear if one is not Message and one.topic not in said)


def topics_of(plan: NodePlan, node: Node) -> dict[type[Message], str]:
    """The topics that a node's message types are said on, by the graph."""
    return {said: plan.says[said.topic] for said in node.says}
