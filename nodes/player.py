"""Plays a recording in a node's place: the messages that it published, at the times at which it did."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tutelage import Message, Node
from tutelage.foreign import message_type
from tutelage.input.problems import Problem, Refusal
from tutelage.message import FOREVER
from tutelage.recording import Reader
from tutelage.recording import search as finding

BATCH = 100
"""How many messages are published in one go if they have no time between them."""


class Player(Node):
    """Publishes what `node` published in the recording `file`.

    Args:
        rate: how fast time goes; 0: as fast as possible.
        skip: seconds to leave out at the beginning of the recording.
        begin: when the rest begins, in seconds of the monotonic clock: the same for all players of a graph.

    It acts by the clock, but on no world: a late subscriber receives everything, and it survives a kill.
    """

    clock = True
    keeps = ("said",)

    def __init__(self, file: str, node: str, rate: float = 1.0, skip: float = 0.0, begin: float = 0.0) -> None:
        graph = finding.graph(Path(file))
        topics = [topic for plan in graph.nodes if plan.name == node for topic in plan.says.values()]
        try:
            self.kinds = {topic: message_type(graph.messages[topic]) for topic in topics}
        except (KeyError, ValueError) as error:
            what = f"does not say which messages {node} published: {error}"
            raise Refusal([Problem(file, what)]) from error
        self.says = tuple(self.kinds.values())  # type: ignore[misc]  # the recording decides it, not the class
        self.rate, self.begin = rate, begin or time.monotonic()
        self.messages = self._recorded(Path(file), node, skip)
        self.next: Message | None = None
        self.said = 0
        self._take()

    def _recorded(self, file: Path, node: str, skip: float) -> Iterator[tuple[float, Message]]:
        """Each message, and its time in seconds of the recording."""
        first: int | None = None
        for recorded in Reader(file):
            first = recorded.received if first is None else first
            seconds = (recorded.received - first) / 1e9 - skip
            if recorded.sender == node and recorded.topic in self.kinds and seconds >= 0:
                message = recorded.build(self.kinds[recorded.topic])
                if message.rollout != FOREVER:
                    yield seconds, message

    def _take(self) -> None:
        """Takes the next message. After the last one its time is infinite."""
        seconds, self.next = next(self.messages, (math.inf, None))
        self.time = self.begin + (seconds / self.rate if self.rate else 0.0)
        self.done = self.next is None

    def due(self) -> float:
        return self.time

    def tick(self) -> Iterator[Message]:
        now = time.monotonic()
        for _ in range(BATCH):
            if self.next is None or self.time > now:
                return
            yield self.next
            self.said += 1
            self._take()

    def load(self, state: dict[str, Any]) -> None:
        while self.said < state["said"]:
            self.said += 1
            self._take()
