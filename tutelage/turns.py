"""A node's turns: it hears, it ticks, and it finishes. The caller publishes the messages that the node returns."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from tutelage.message import FOREVER, Message, Promise
from tutelage.node import Node
from tutelage.setting import Setting
from tutelage.transport.inbox import Inbox, Stream


class Turns:
    """The turns of one node and its inbox."""

    def __init__(self, node: Node, inbox: Inbox) -> None:
        self.node, self.inbox = node, inbox

    @property
    def all_heard(self) -> bool:
        """Whether no input can come. A node that acts by the clock and hears no topic still has its ticks."""
        ticks = self.node.clock and not self.inbox.streams
        return self.inbox.ended and not self.node.exchanging and not ticks

    @property
    def over(self) -> bool:
        """Whether the node must finish."""
        return self.node.done or self.all_heard

    def hear(self) -> Iterable[Message] | None:
        """What the node publishes in answer to the next message; None if it can hear none now."""
        if self.node.done or (message := self.inbox.pop(self.node.exchanging)) is None:
            return None
        if isinstance(message, Setting) and self.node.steerable:
            self.node.set(message)
            return ()
        return self.node.hear(message) or ()

    def hear_all(self) -> Iterator[Message]:
        """What the node publishes in answer to all messages that it can hear now."""
        while (said := self.hear()) is not None:
            yield from said

    def tick(self) -> Iterable[Message]:
        """What the node publishes by the clock, if it is due."""
        due = self.node.clock and not self.node.done and time.monotonic() >= self.node.due()
        return self.node.tick() if due else ()

    def patience(self, seconds: float) -> float:
        """How long to wait for a message: up to `seconds`, or until the next tick."""
        return max(0.0, min(seconds, self.node.due() - time.monotonic())) if self.node.clock else seconds


def play(node: Node, heard: Iterable[Message], sender: str = "sender") -> Iterator[Message]:
    """Runs a node on messages in logical order, without a process or a socket; yields what it publishes."""
    messages = list(heard)
    streams = {type(message): Stream(sender, type(message)) for message in messages}
    inbox = Inbox(list(streams.values()), node.order, node.exchanges)
    for message in messages:
        inbox.put(sender, message.topic, message)
    for stream in streams.values():
        stream.put(Promise(FOREVER, 0))
    yield from drive(node, inbox)


def drive(node: Node, inbox: Inbox) -> Iterator[Message]:
    """All that a node publishes in answer to the messages in its inbox."""
    turns = Turns(node, inbox)
    yield from node.start()
    yield from turns.hear_all()
    if turns.over:
        yield from node.finish()
