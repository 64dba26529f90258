"""How the processes of a graph talk: a speaker's end and a listener's, over ZeroMQ (sockets.py).

A process says everything on one publisher, `links`, and hears everything on one subscriber that connects straight to
the others' publishers: no broker. What must arrive has no high-water mark; logical time bounds what can be in flight.

How two processes meet, at the start as after a restart of either, without a sleep or a timer:

1. The listener's subscriptions arrive at the speaker whenever their connection is made, one of them to the
   listener's own private topic.
2. On it the speaker answers with a greeting: its message types' fingerprints. Only from then on is it listened to.
3. The listener sends back (upstream, through the same connection) how far it has got with each topic.
4. The speaker says again, on the private topic, all that comes after, and before it where that begins: what acts on
   the world keeps its newest messages only. Whatever is not the next number is dropped.

Greeting, hello and answer are sealed with the run's secret (meeting.py). Observers hear the tap (tap.py).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from tutelage.message import FOREVER, Message, Promise
from tutelage.transport import sockets
from tutelage.transport.inbox import Inbox
from tutelage.transport.listener import Listener, Witness
from tutelage.transport.meeting import Losses
from tutelage.transport.outbox import Outbox
from tutelage.transport.speaker import Speaker, Who

__all__ = ["Bus", "Who"]

SERVICE_MS = 20
"""How often a busy process looks after its connections."""


class Bus:
    """One process's connections.

    Args:
        who: whose they are.
        folder: where the sockets of this run are.
        inbox: takes what is heard.
        topics: message type -> topic it is said on.
        outbox: what was said, for those who come (back) later.
        observer: hears through the taps.
        witness: a recorder, told of all that is heard, with its header, and of what never will be.
        unkept: topics on which it says something before it has kept that.
        sinks: names of the run's nodes that ask for what they hear when they have time.
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
    ) -> None:
        self._context = sockets.Context()
        self.inbox, self.outbox, self.lost = inbox, outbox, Losses()
        self.speaker = Speaker(self._context, who, folder, topics, outbox, self.lost, unkept, sinks)
        sink = who.name in sinks
        self.listener = Listener(self._context, who, folder, inbox, self.lost, observer, witness, sink)
        sockets.patience(self.listener.socket, SERVICE_MS)
        self.say, self.note, self.send = self.speaker.say, self.speaker.note, self.speaker.send
        self.tell, self.acknowledge = self.speaker.tell, self.listener.acknowledge
        self.ended = False
        self._next_service = 0
        self._busy = False
        self._poller = sockets.Poller()
        self._poller.register(self.speaker.links, sockets.READABLE)
        if inbox.streams:
            self._poller.register(self.listener.socket, sockets.READABLE)

    def receive(self, seconds: float) -> bool:
        """Waits for a message, at most so long, and puts it into the inbox; whether one came.

        While messages come it waits for them alone, which costs least, and looks after the rest every SERVICE_MS.
        """
        if time.monotonic_ns() > self._next_service:
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
        """Puts the next message into the inbox, unless none comes in SERVICE_MS."""
        frames = sockets.take(self.listener.socket)
        if frames:
            self.listener.take(frames)
        return frames is not None

    def service(self) -> None:
        """Looks after who listens."""
        self._next_service = time.monotonic_ns() + SERVICE_MS * 1_000_000
        self.speaker.service()

    def acknowledge_all(self) -> None:
        """This node has ended: it will never ask for anything again."""
        self.listener.acknowledge_all()

    def publish(self, messages: Iterable[Message]) -> None:
        """Publishes messages as they come."""
        for message in messages:
            self.say(message)

    def end(self) -> None:
        """Tells all listeners that nothing more comes."""
        self.say(Promise(FOREVER, 0))
        self.ended = True

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of the connections."""
        kept = {"inbox": self.inbox.state(), "outbox": self.outbox.state()}
        return {**kept, "ended": self.ended, "lost": dict(self.lost)}

    def load(self, state: dict[str, Any]) -> None:
        """Restores what `state` returned."""
        self.inbox.load(state["inbox"])
        self.outbox.load(state["outbox"])
        self.ended = state["ended"]
        self.lost.update(state.get("lost", {}))  # checkpoints of older versions have no counts

    def close(self) -> None:
        self._context.destroy(linger=0)
