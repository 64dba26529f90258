"""A process's heartbeat: its status for observers, and signs of life for its launcher."""

from __future__ import annotations

import os
import time

from tutelage.lifeline import Lifeline
from tutelage.node import Node, RecordingNode
from tutelage.status import Status
from tutelage.transport.bus import Bus

STATUS_SECONDS = 0.5
"""Time between two heartbeats."""


class Heartbeat:
    """Reports how one node's process is."""

    def __init__(self, node: Node, bus: Bus, lifeline: Lifeline) -> None:
        self.node, self.bus, self.lifeline = node, bus, lifeline
        self._started = time.monotonic()
        self._next = 0.0

    def beat(self) -> None:
        """Sends a heartbeat if it is time for one."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + STATUS_SECONDS
            self.bus.tell(self._status(now - self._started), Status.topic)
            self.report("alive")

    def report(self, event: str) -> None:
        """Reports an event (lifeline.py) to the launcher."""
        self.lifeline.report(event, sum(self._lost().values()), self.node.unkept)

    def _status(self, seconds: float) -> Status:
        said = {topic: self.bus.outbox.next_sequence(topic) for topic in self.bus.speaker.topics.values()}
        waiting = sum(len(stream.waiting) for stream in self.bus.inbox.streams.values())
        who, heard, lost = self.bus.speaker.who, dict(self.bus.listener.heard), self._lost()
        return Status(0, 0, who.name, who.restarts, os.getpid(), seconds, said, heard, lost, waiting, self.bus.ended)

    def _lost(self) -> dict[str, int]:
        """The messages that the node missed, by topic. A recorder counts its own: some are already in its file."""
        return self.node.lost() if isinstance(self.node, RecordingNode) else dict(self.bus.lost)
