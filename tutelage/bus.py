"""ZeroMQ: how the processes of a graph talk. Nothing else imports zmq.

A process says everything on one publisher, `links`, and hears everything on one subscriber that connects straight to
the others' publishers: no broker. What must arrive has no high-water mark; logical time bounds what can be in flight.

How two processes meet, at the start as after a restart of either, without a sleep or a timer:

1. The listener's subscriptions arrive at the speaker whenever their connection is made, one of them to the
   listener's own private topic.
2. On it the speaker answers with a greeting: its message types' fingerprints.
3. The listener sends back (upstream, through the same connection) how far it has got with each topic.
4. The speaker says again, on the private topic, all that comes after, and before it where that begins: what acts on
   the world keeps its newest messages only. Whatever is not the next number is dropped.

Observers connect to a second publisher, `tap`, whose queue is bounded: what they miss is counted, and a topic that
none of them asked for costs nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import zmq

from tutelage import codec
from tutelage.codec import Frame, Header
from tutelage.inbox import Inbox, Positions, Stream
from tutelage.message import FOREVER, Message, Promise, build, fingerprint, values
from tutelage.node import Node
from tutelage.outbox import Outbox
from tutelage.status import Status

SERVICE_MS = 20
"""How often a busy process looks after its connections."""

TAP_MESSAGES, TAP_BYTES = 1000, 32 * 2**20
"""What waits for a slow observer before it is dropped and counted: the less of the two, but TAP_LEAST messages."""

TAP_LEAST = 32

NEVER = 2**62
"""A sequence number that is never reached."""


def address(folder: Path, node: str, kind: str) -> str:
    """Where a node's publisher is: `links` or `tap`."""
    return f"ipc://{folder}/{node.replace('/', '.')}.{kind}"


class Bus:
    """One process's connections.

    Args:
        run, name, life: who this is; `life` counts its restarts.
        folder: where the sockets of this run are.
        inbox: takes what is heard.
        kinds: topic -> message type, for all that is heard or said.
        topics: message type -> topic it is said on.
        outbox: what was said, for those who come (back) later.
        observer: hears through the taps.
        witness: a recorder, told of all that is heard, with its header, and of what never will be.
        unkept: topics on which it says something before it has kept that.
    """

    def __init__(
        self,
        run: str,
        name: str,
        life: int,
        folder: Path,
        inbox: Inbox,
        kinds: dict[str, type[Message]],
        topics: dict[type[Message], str],
        outbox: Outbox,
        observer: bool = False,
        witness: Node | None = None,
        unkept: Collection[str] = (),
    ) -> None:
        self.run, self.name, self.life = run, name, life
        self.inbox, self.outbox = inbox, outbox
        self.kinds, self.topics, self.observer, self.witness = kinds, topics, observer, witness
        self.unkept = unkept
        self.heard: dict[str, int] = {}
        self.lost: dict[str, int] = {}
        self.met: set[str] = set()
        """listeners that have told how far they have heard what was said here"""
        self._private = f"@{name}".encode()
        self._tapped: set[bytes] = set()
        self._sizes: dict[str, int] = {}  # bytes of the first message on each topic
        self._sated = False  # hears no more, and wants nothing again
        self._next_service = 0
        self._busy = False
        self._context = zmq.Context()
        self._open(folder)

    def _open(self, folder: Path) -> None:
        self._links = self._socket(zmq.XPUB, 0)
        self._links.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._links.bind(address(folder, self.name, "links"))
        self._tap = self._socket(zmq.XPUB, TAP_LEAST)
        self._tap.bind(address(folder, self.name, "tap"))
        self._hear = self._socket(zmq.XSUB, TAP_MESSAGES if self.observer else 0)
        self._hear.setsockopt(zmq.RECONNECT_IVL, 5)
        self._hear.setsockopt(zmq.RCVTIMEO, SERVICE_MS)
        for topic in sorted({topic for _, topic in self.inbox.streams}):
            self._hear.send(b"\1" + topic.encode() + b"\0")
        self._hear.send(b"\1" + self._private + b"\0")
        for sender in sorted({sender for sender, _ in self.inbox.streams}):
            self._hear.connect(address(folder, sender, "tap" if self.observer else "links"))
        self._poller = zmq.Poller()
        self._poller.register(self._links, zmq.POLLIN)
        if self.inbox.streams:
            self._poller.register(self._hear, zmq.POLLIN)

    def _socket(self, kind: int, high_water: int) -> zmq.Socket[bytes]:
        socket = self._context.socket(kind)
        socket.setsockopt(zmq.SNDHWM, high_water)
        socket.setsockopt(zmq.RCVHWM, high_water)
        socket.setsockopt(zmq.MAXMSGSIZE, codec.MAX_FRAME)
        socket.setsockopt(zmq.LINGER, 200)
        return socket

    def say(self, message: Message) -> None:
        """Says a message on its type's topic; a promise on every topic."""
        for topic, frames in self.note(message):
            self.send(topic, frames)

    def note(self, message: Message) -> list[tuple[str, list[Frame]]]:
        """Puts a message into the outbox; what is to be sent of it, by topic."""
        if type(message) is Promise:
            noted = [self._note(topic, (message.rollout, message.step)) for topic in self.topics.values()]
        else:
            noted = [self._note(self.topics[type(message)], values(message))]
        return [(topic, frames) for topic, frames in noted if frames]

    def _note(self, topic: str, fields: tuple[Any, ...]) -> tuple[str, list[Frame]]:
        name = topic.encode()
        frames: list[Frame] = []
        if topic not in self._sizes or self.outbox.is_for_somebody(topic) or name in self._tapped:
            frames = codec.encode(name, self._header(topic), fields)
            if topic not in self._sizes and len(fields) > 2:  # a promise tells nothing of how large a message is
                self._measure(topic, frames)
        self.outbox.add(topic, frames)
        return topic, frames

    def send(self, topic: str, frames: list[Frame]) -> None:
        """Sends what was noted."""
        self._send(self._links, frames)
        if topic.encode() in self._tapped:
            self._send(self._tap, frames)

    def _header(self, topic: str) -> Header:
        now = time.monotonic_ns()
        return Header(self.run, self.name, self.life, self.outbox.next_sequence(topic), now, now)

    def tell(self, message: Message, topic: str) -> None:
        """Says something to observers only; it is not kept."""
        if topic.encode() in self._tapped:
            self._send(self._tap, codec.encode(topic.encode(), self._header(topic), values(message)))
            self.outbox.add(topic, [])

    def _measure(self, topic: str, frames: list[Frame]) -> None:
        """Lets more messages wait for observers as soon as something was said on all topics and none was large.

        ZeroMQ bounds a queue by messages only, and the bound may only be raised: lowered on a live connection, the two
        ends wait for each other (4.3.5: what was read is reported back at multiples of half the bound).
        """
        self._sizes[topic] = sum(map(len, frames))
        if len(self._sizes) == len(self.topics):
            allowed = TAP_BYTES // max(self._sizes.values())
            self._tap.setsockopt(zmq.SNDHWM, max(TAP_LEAST, min(TAP_MESSAGES, allowed)))

    @staticmethod
    def _send(socket: zmq.Socket[bytes], frames: list[Frame]) -> None:
        if len(frames) == 1:
            socket.send(frames[0])
        else:
            socket.send_multipart(frames, copy=False)

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
            if self._links in events:
                self.service()
            self._busy = self._hear in events and self._take_next()
        return self._busy

    def _take_next(self) -> bool:
        """Puts the next message into the inbox, unless none comes in SERVICE_MS."""
        try:
            frame = self._hear.recv(copy=False)
        except zmq.Again:
            return False
        frames: list[Frame] = [frame.bytes]
        while frame.more:
            frame = self._hear.recv(copy=False)
            frames.append(frame.buffer)
        self._take(frames)
        return True

    def _take(self, frames: list[Any]) -> None:
        """One message as it came; behind a frame with our private topic it is one said again, or a greeting."""
        if frames[0].startswith(b"@"):
            frames = [bytes(frames[1]), *frames[2:]]
        if frames[0].startswith(b"\0"):
            told = codec.unpack_state(frames[0][1:])
            self._greeted(**told) if "kinds" in told else self._skip(**told)
            return
        topic = frames[0].partition(b"\0")[0].decode()
        header, fields = codec.decode(frames)
        stream = self.inbox.streams.get((header.sender, topic))
        if stream and self._is_next(stream, header.sequence):
            self.heard[topic] = self.heard.get(topic, 0) + 1
            kind = Promise if len(fields) == 2 else self.kinds[topic]
            self.inbox.put(header.sender, topic, build(kind, fields))
            if self.witness:
                self.witness.witness(self.kinds[topic], topic, header, fields)

    def _is_next(self, stream: Stream, sequence: int) -> bool:
        """Whether this is the message to take now. An observer takes what is new, and counts what it missed.

        A status counts as new even when its number is not: a process that came back may begin with any.
        """
        ahead = sequence - stream.received
        if self.observer and (ahead > 0 or stream.topic == Status.topic):
            self.lost[stream.topic] = self.lost.get(stream.topic, 0) + max(0, ahead if stream.received else 0)
            stream.taken += ahead
            return True
        return ahead == 0

    def service(self) -> None:
        """Looks after the connections: greets those who came, says again what they lack, hears who taps what."""
        self._next_service = time.monotonic_ns() + SERVICE_MS * 1_000_000
        while (wish := self._read(self._tap)) is not None:
            self._note_tap(wish)
        while (wish := self._read(self._links)) is not None:
            if wish.startswith(b"\1@"):
                greeting = {"sender": self.name, "kinds": {t: fingerprint(k) for k, t in self.topics.items()}}
                self._links.send_multipart([wish[1:], b"\0" + codec.pack_state(greeting)])
            elif wish.startswith(b"H"):
                self._answer(**codec.unpack_state(wish[1:]))

    @staticmethod
    def _read(socket: zmq.Socket[bytes]) -> bytes | None:
        with contextlib.suppress(zmq.Again):
            return socket.recv(zmq.NOBLOCK)
        return None

    def _note_tap(self, wish: bytes) -> None:
        names = {topic.encode() for topic in [*self.topics.values(), Status.topic]}
        chosen = {name for name in names if (name + b"\0").startswith(wish[1:])}
        self._tapped = self._tapped | chosen if wish[0] else self._tapped - chosen

    def _skip(self, sender: str, begins: dict[str, int], realtime: bool) -> None:
        """Goes on where the sender can: what it has forgotten is lost.

        Raises:
            RuntimeError: it is a sender that forgets nothing before it is told to. (A recorder tells it to on a full
                disk, where it can keep no checkpoint.)
        """
        for topic, begin in begins.items() if not self._sated else ():
            stream = self.inbox.streams[sender, topic]
            missed = begin - stream.received
            if missed > 0 and not (realtime or self.witness):
                raise RuntimeError(
                    f"{sender} has forgotten {missed} messages of {topic} that {self.name} still needs: its checkpoint "
                    f"is older than it told; start the run anew"
                )
            if missed > 0:
                self.lost[topic] = self.lost.get(topic, 0) + missed
                stream.taken += missed
                if self.witness:
                    self.witness.missed(sender, topic, begin)

    def _greeted(self, sender: str, kinds: dict[str, str]) -> None:
        for name, topic in self.inbox.streams:
            said = kinds.get(topic)
            if name == sender and said != fingerprint(self.kinds[topic]):
                raise TypeError(
                    f"{sender} says another {topic} than {self.name} hears: the two run different versions "
                    f"of {self.kinds[topic].__name__}; restart both from one installation"
                )
        mine = {topic: stream.received for (name, topic), stream in self.inbox.streams.items() if name == sender}
        self._upstream(sender, again=True, positions=dict.fromkeys(mine, NEVER) if self._sated else mine)

    def acknowledge(self, positions: Positions) -> None:
        """Tells every sender what will never be asked for again: all that comes before these positions."""
        for sender in {sender for sender, _ in positions} if not self.observer else ():
            self._upstream(
                sender, again=False, positions={t: n for (name, t), n in positions.items() if name == sender}
            )

    def acknowledge_all(self) -> None:
        """This node has ended: it will never ask for anything again."""
        self._sated = True
        self.acknowledge(dict.fromkeys(self.inbox.streams, NEVER))

    def _upstream(self, sender: str, again: bool, positions: dict[str, int]) -> None:
        """`again`: say again what comes from there on; else: forget what comes before."""
        answer = {"to": sender, "listener": self.name, "positions": positions, "again": again}
        self._hear.send(b"H" + codec.pack_state(answer))

    def _answer(self, to: str, listener: str, positions: dict[str, int], again: bool) -> None:
        if to == self.name and again:
            self._go_on_behind(positions)
            self.met.add(listener)
            realtime = self.outbox.limit is not None
            skip = {"sender": self.name, "begins": self.outbox.begins(positions), "realtime": realtime}
            self._links.send_multipart([f"@{listener}\0".encode(), b"\0" + codec.pack_state(skip)])
            for frames in self.outbox.since(positions):
                self._links.send_multipart([f"@{listener}\0".encode(), *frames], copy=False)
        if to == self.name and (not again or NEVER in positions.values()):
            self.outbox.acknowledge(listener, positions)

    def _go_on_behind(self, positions: dict[str, int]) -> None:
        """What a former life said and had not kept is not known any more: empty promises take those numbers."""
        for topic in [] if NEVER in positions.values() else self.unkept:
            while self.outbox.next_sequence(topic) < positions.get(topic, 0):
                self.send(*self._note(topic, (0, 0)))

    def end(self) -> None:
        """Tells all listeners that nothing more comes."""
        self.say(Promise(FOREVER, 0))


class Tap:
    """Hears from outside of a graph what its nodes say, as frames, as it passes: some may be missed.

    Args:
        folder: where the sockets of the run are.
        senders, topics: whom to hear, on what.
    """

    def __init__(self, folder: Path, senders: Iterable[str], topics: Iterable[str]) -> None:
        self._context = zmq.Context()
        self._hear = self._context.socket(zmq.SUB)
        self._hear.setsockopt(zmq.RCVHWM, TAP_MESSAGES)
        self._hear.setsockopt(zmq.MAXMSGSIZE, codec.MAX_FRAME)
        self._hear.setsockopt(zmq.RECONNECT_IVL, 50)
        for topic in topics:
            self._hear.subscribe(topic.encode() + b"\0")
        for sender in senders:
            self._hear.connect(address(folder, sender, "tap"))

    def receive(self, seconds: float) -> list[Frame] | None:
        """The next message, or None when none came in so long."""
        return [*self._hear.recv_multipart()] if self._hear.poll(int(seconds * 1000)) else None

    def close(self) -> None:
        self._context.destroy(linger=0)
