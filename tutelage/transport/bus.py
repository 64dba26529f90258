"""Connects the processes of a graph over ZeroMQ (sockets.py), by a speaker and a listener in each.

A process publishes on one socket, `links`, and subscribes with one socket that connects straight to the others' links:
there is no broker. Links have no high-water mark; logical time bounds the messages in flight.

Two processes meet as follows, at the start and after a restart of either, without a sleep or a timer:

1. The listener's subscriptions reach the speaker when the connection is made. One is to the listener's private topic.
2. On that topic the speaker sends a greeting: the fingerprints of its message types. Before it, the listener drops the
   speaker's messages.
3. The listener sends a hello upstream through the same connection: how far it has received each topic.
4. On the private topic the speaker tells where its messages begin, since a realtime node keeps only the newest, and
   resends all that follow. The listener drops each message that is not the next.

Greeting and hello are sealed with the run's secret (meeting.py). Observers subscribe to the tap (tap.py).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from pathlib import Path

from tutelage.message import FOREVER, Message, Promise
from tutelage.transport import sockets
from tutelage.transport.inbox import Inbox
from tutelage.transport.listener import Listener, Witness
from tutelage.transport.meeting import Losses
from tutelage.transport.outbox import Outbox
from tutelage.transport.speaker import Speaker, Who

__all__ = ["Bus", "Who"]

SERVICE_MS = 20
"""How often a busy process serves its connections."""


class Bus:
    """One node's connections. What may come does so by its `entries`.

    Args:
        who: the process.
        folder: the run's socket folder.
        inbox: takes the messages that are received.
        topics: message type -> topic on which it is published.
        outbox: keeps the messages that may have to be resent.
        observer: it subscribes to the taps.
        witness: a recorder, called with each message that is received or lost.
        unkept: topics on which it publishes before the checkpoint.
        sinks: names of the run's nodes that ask for messages when they have time.
        programs: names of the run's nodes that are programs.
        neighbours: names of the nodes in the same process. They `join`, and messages are handed on without a socket.
    """

    def __init__(
        self,
        who: Who,
        folder: Path,
        inbox: Inbox,
        topics: dict[type[Message], str],
        outbox: Outbox,
        observer: bool = False,
        witness: Witness | None = None,
        unkept: Collection[str] = (),
        sinks: Collection[str] = (),
        programs: Collection[str] = (),
        neighbours: Collection[str] = (),
    ) -> None:
        self._context = sockets.Context()
        self.inbox, self.outbox, self.lost = inbox, outbox, Losses()
        self.speaker = Speaker(
            self._context, who, folder, topics, outbox, self.lost, unkept, sinks, programs, neighbours
        )
        sink = who.name in sinks
        self.listener = Listener(self._context, who, folder, inbox, self.lost, observer, witness, sink, neighbours)
        sockets.patience(self.listener.socket, SERVICE_MS)
        self.say, self.note, self.send = self.speaker.say, self.speaker.note, self.speaker.send
        self.tell, self.acknowledge = self.speaker.tell, self.listener.acknowledge
        self.ended = False
        self._next_service = 0
        self._busy = False
        self._poller = sockets.Poller()
        self.entries: list[sockets.Socket | int] = [self.speaker.links]
        self.entries += [self.listener.socket] if inbox.streams else []
        for entry in self.entries:
            self._poller.register(entry, sockets.READABLE)

    def watch(self, file: int) -> None:
        """From now on `receive` also returns when something comes by this file descriptor."""
        self.entries.append(file)
        self._poller.register(file, sockets.READABLE)

    @property
    def due(self) -> bool:
        """Whether it is time to serve the connections."""
        return time.monotonic_ns() > self._next_service

    def receive(self, seconds: float) -> bool:
        """Waits up to `seconds` for a message and puts it into the inbox; returns whether one came.

        While messages come, it waits for them alone, which is fastest, and serves the rest every SERVICE_MS.
        """
        if self.due:
            self.service()
        if self._busy and seconds * 1000 > SERVICE_MS:
            self._busy = self._take_next()
        else:
            events = dict(self._poller.poll(int(seconds * 1000)))
            if self.speaker.links in events:
                self.service()
            self._busy = self.listener.socket in events and self._take_next()
        return self._busy

    def _take_next(self) -> bool:
        """Waits up to SERVICE_MS for the next message and puts it into the inbox; returns whether one came."""
        frames = sockets.take(self.listener.socket)
        if frames:
            self.listener.take(frames)
        return frames is not None

    def service(self) -> None:
        """Serves the listeners, and follows speakers that have moved."""
        self.listener.follow()
        self._next_service = time.monotonic_ns() + SERVICE_MS * 1_000_000
        self.speaker.service()

    def acknowledge_all(self) -> None:
        """Tells all senders that this node has ended and needs nothing again."""
        self.listener.acknowledge_all()

    def publish(self, messages: Iterable[Message]) -> None:
        """Publishes messages in turn."""
        for message in messages:
            self.say(message)

    def end(self) -> None:
        """Tells all listeners that no more messages come."""
        self.say(Promise(FOREVER, 0))
        self.speaker.tap.flush()
        self.ended = True

    def leave(self) -> None:
        """Asks its senders for nothing more. What waits for one that is gone would hold up the process's end."""
        self.listener.socket.close(linger=0)

    def close(self) -> None:
        self.speaker.close()
        self._context.destroy(linger=0)
