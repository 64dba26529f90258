"""The publishing end of the bus: to nodes on `links`, to observers on the tap.

A node that no other waits for, for example a report, is a sink (Graph.sinks). No message waits in a socket for it: it
is told that there are some, and asks for PULL_BYTES at a time.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tutelage import codec
from tutelage.codec import Frame, Header
from tutelage.exactness import exact
from tutelage.input.problems import Problem, Refusal
from tutelage.message import Message, Promise, fingerprint, is_promise, values
from tutelage.transport import places, sockets
from tutelage.transport.meeting import DOWN, UP, Losses, seal, unseal
from tutelage.transport.outbox import Outbox
from tutelage.transport.tap import Tapped

NEVER = 2**62
"""A sequence number that is never reached."""

PULL_BYTES = 2**20
"""The bytes that a sink gets at a time, up to one message more."""


class Who(NamedTuple):
    """A process of a run, and how often it was restarted; the run's processes know each other by the `secret`."""

    run: str
    name: str
    restarts: int
    secret: bytes = b""


class Neighbour(Protocol):
    """The listener of another node of this process."""

    def hand_on(self, sender: str, topic: str, sequence: int, message: Message) -> None: ...

    def take(self, frames: list[Frame]) -> None: ...


class Speaker:
    """One node's publishers. The arguments are those of Bus.

    Attributes:
        neighbours: the listeners of the nodes in this process, to which no socket leads.
    """

    def __init__(
        self,
        context: sockets.Context,
        who: Who,
        folder: Path,
        topics: dict[type[Message], str],
        outbox: Outbox,
        lost: Losses,
        unkept: Collection[str],
        sinks: Collection[str],
        programs: Collection[str],
        neighbours: Collection[str],
    ) -> None:
        self.who, self.topics, self.outbox, self.lost, self.unkept = who, topics, outbox, lost, unkept
        self.sinks, self.programs = frozenset(sinks), frozenset(programs)
        self.met: set[str] = set()
        known = places.of(folder)
        self.gate = places.gate(context, known)
        self.links = sockets.publisher(context, places.bound(folder, who.name, "links", known), gate=self.gate)
        self.tap = Tapped(folder, who.name, topics.values())
        if self.gate:
            self.gate.open()
        self.neighbours: dict[str, Neighbour] = {}
        elsewhere = {topic: outbox.listeners(topic).difference(neighbours) for topic in topics.values()}
        self._within = {topic for topic in topics.values() if outbox.is_for_somebody(topic) and not elsewhere[topic]}
        self._pulling = {topic: self.sinks & listeners for topic, listeners in elsewhere.items()}
        self._idle: set[str] = set()  # sinks that have everything, and wait for a notice that there is more

    def say(self, message: Message) -> None:
        """Publishes a message on its type's topic, or a promise on every topic."""
        for topic, frames in self.note(message):
            self.send(topic, frames)
            for listener in self.outbox.listeners(topic) & self.neighbours.keys() if self.neighbours else ():
                self.neighbours[listener].hand_on(self.who.name, topic, self.outbox.next_sequence(topic) - 1, message)

    def note(self, message: Message) -> list[tuple[str, list[Frame]]]:
        """Puts a message into the outbox; returns its frames, to be sent, by topic."""
        if type(message) is Promise:
            noted = [self._note(topic, (message.rollout, message.step)) for topic in self.topics.values()]
        else:
            noted = [self._note(self.topics[type(message)], values(message))]
        return [(topic, frames) for topic, frames in noted if frames]

    def _note(self, topic: str, fields: tuple[Any, ...]) -> tuple[str, list[Frame]]:
        name = topic.encode()
        frames: list[Frame] = []
        unknown = self.tap.is_unknown(topic)
        if unknown or self.outbox.is_for_somebody(topic) or name in self.tap.tapped:
            frames = codec.encode(name, self._header(topic), fields)
            if unknown and not is_promise(fields):  # a promise does not show the size of messages
                self.tap.measure(topic, frames)
        self.outbox.add(topic, frames)
        return topic, frames

    def send(self, topic: str, frames: list[Frame]) -> None:
        """Sends frames that were noted."""
        if topic not in self._within:
            sockets.send(self.links, frames)
        if topic.encode() in self.tap.tapped:
            self.tap.send(frames)
        for sink in self._pulling[topic]:
            if sink in self._idle:
                self._idle.remove(sink)
                self._tell(sink, more=True)

    def _header(self, topic: str) -> Header:
        now = time.monotonic_ns()
        return Header(self.who.run, self.who.name, self.who.restarts, self.outbox.next_sequence(topic), now, now)

    def close(self) -> None:
        if self.gate:
            self.gate.close()
        self.tap.close()

    def tell(self, message: Message, topic: str) -> None:
        """Publishes a message to observers only; it is never resent. What waits for them goes with it."""
        if topic.encode() in self.tap.tapped:
            self.tap.send(codec.encode(topic.encode(), self._header(topic), values(message)))
            self.outbox.add(topic, [])
        self.tap.flush()

    def service(self) -> None:
        """Greets new listeners, resends what they lack, and reads the observers' subscriptions."""
        self.tap.service(self.lost)
        while (wish := sockets.read(self.links)) is not None:
            if wish.startswith(b"\1@"):
                self._tell(wish[2:-1].decode(errors="replace"), kinds=self._kinds())
            elif wish.startswith(UP) and (hello := unseal(self.who.secret, wish)):
                self.answer(**hello)
            elif wish[:1] not in (b"\0", b"\1"):
                self.lost.stranger(f"{len(wish)} bytes from a listener")

    def _kinds(self) -> dict[str, str]:
        return {topic: fingerprint(kind) for kind, topic in self.topics.items()}

    def _tell(self, listener: str, **what: Any) -> None:
        """Sends a notice to one listener, on its private topic. Those beside this one need none."""
        if listener in self.neighbours:
            return
        told = seal(self.who.secret, DOWN, {"sender": self.who.name, **what})
        self.links.send_multipart([f"@{listener}\0".encode(), told])

    def answer(self, to: str, listener: str, positions: dict[str, int], again: bool) -> None:
        """Answers a hello: resends what follows a listener's positions (`again`), or forgets what precedes them."""
        positions = {topic: exact(position, int) for topic, position in positions.items()}
        if to == self.who.name and again:
            self._check_kept(listener, positions)
            self._go_on_behind(positions)
            self.met.add(listener)
            self._tell(listener, begins=self.outbox.begins(positions), realtime=self.outbox.limit is not None)
            self._say_again(listener, positions)
        if to == self.who.name and (not again or NEVER in positions.values()):
            self.outbox.acknowledge(listener, positions)

    def _check_kept(self, listener: str, positions: dict[str, int]) -> None:
        """Ends a run in which a program came back without what it had acknowledged: it would wait for ever.

        Raises:
            Refusal: it asks for messages that are forgotten.
        """
        for topic, begin in self.outbox.begins(positions).items() if listener in self.programs else ():
            if positions[topic] < begin and self.outbox.limit is None:
                what = f"it came back and asks {self.who.name} for number {positions[topic]} of {topic}, but had "
                advice = "a program must save what it has heard before it acknowledges it; start a new run"
                raise Refusal([Problem(listener, f"{what}acknowledged what precedes number {begin}: {advice}")])

    def _say_again(self, listener: str, positions: dict[str, int]) -> None:
        """Resends what a listener lacks; to a sink a part of it, and the notice that there is more."""
        private, said = f"@{listener}\0".encode(), 0
        for frames in self.outbox.since(positions):
            if listener in self.sinks - self.neighbours.keys() and said > PULL_BYTES:
                self._tell(listener, more=True)
                return
            said += sum(map(len, frames))
            if listener in self.neighbours:
                self.neighbours[listener].take(list(frames))
            else:
                self.links.send_multipart([private, *frames], copy=False)
        if listener in self.sinks:
            self._idle.add(listener)

    def _go_on_behind(self, positions: dict[str, int]) -> None:
        """Publishes empty promises under the numbers of messages that were sent before a restart but not saved."""
        for topic in [] if NEVER in positions.values() else self.unkept:
            while self.outbox.next_sequence(topic) < positions.get(topic, 0):
                self.send(*self._note(topic, (0, 0)))
