"""The subscribing end of the bus. It takes only frames of speakers that have proved to be of this run.

A message that is not the next is dropped: what was missed is resent. A message that no process of the run can have sent
is dropped and counted. A message that does not fit its type is an error.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Protocol

from tutelage import codec
from tutelage.codec import Frame, Header, Malformed
from tutelage.input.problems import Problem, Refusal
from tutelage.message import Message, build, fingerprint, values
from tutelage.status import Status
from tutelage.transport import places, sockets
from tutelage.transport.inbox import Inbox, Positions, Stream
from tutelage.transport.meeting import DOWN, UP, Losses, seal, unseal
from tutelage.transport.speaker import NEVER, Speaker, Who
from tutelage.transport.tap import TAP_MESSAGES


class Witness(Protocol):
    """A recorder, called with each message as it arrives, and with those that are lost (node.RecordingNode)."""

    def witness(self, kind: type[Message], topic: str, header: Header, fields: Sequence[Any]) -> None: ...

    def missed(self, sender: str, topic: str, following: int) -> None: ...


class Listener:
    """One node's subscriber. The arguments are those of Bus.

    Attributes:
        neighbours: the speakers of the nodes in this process, from which no socket leads here.
        handed: whether one of them has handed on a message that was not waited for yet.
    """

    def __init__(
        self,
        context: sockets.Context,
        who: Who,
        folder: Path,
        inbox: Inbox,
        lost: Losses,
        observer: bool,
        witness: Witness | None,
        sink: bool,
        neighbours: Collection[str],
    ) -> None:
        self.who, self.inbox, self.lost = who, inbox, lost
        self.observer, self.witness = observer, witness
        self.heard: dict[str, int] = {}
        self.neighbours: dict[str, Speaker] = {}
        self.handed = False
        self._known = dict(inbox.streams) if observer else {}  # the streams of speakers that have greeted
        self._ended = False  # the node has ended and needs nothing again
        names = [] if sink else sorted({topic for _, topic in inbox.streams})
        senders = {sender for sender, _ in inbox.streams}.difference(neighbours)
        self._watch = places.Watch(folder, senders, "tap" if observer else "links")
        self.socket = sockets.subscriber(
            context,
            self._watch.where,
            [name.encode() for name in (*names, f"@{who.name}")],
            self._watch.places and self._watch.places.key,
            high_water=TAP_MESSAGES if observer else 0,
            largest=sockets.largest(stream.kind for stream in inbox.streams.values()),
        )

    def follow(self) -> None:
        """Goes where the speakers are now, if a machine was lost and its nodes run elsewhere."""
        sockets.move(self.socket, *self._watch.moves())

    def join(self, speaker: Speaker) -> None:
        """Meets the speaker of another node in this process."""
        speaker.neighbours[self.who.name], self.neighbours[speaker.who.name] = self, speaker
        self._known |= {key: stream for key, stream in self.inbox.streams.items() if key[0] == speaker.who.name}

    def catch_up(self) -> None:
        """Asks the speakers beside it for what it lacks after a restart."""
        for sender in self.neighbours:
            self._ask(sender)

    def hand_on(self, sender: str, topic: str, sequence: int, message: Message) -> None:
        """Takes a message of a speaker beside it, if it is the next."""
        stream = self.inbox.streams[sender, topic]
        if sequence == stream.received:
            self.heard[topic] = self.heard.get(topic, 0) + 1
            self.inbox.put(sender, topic, message)
            self.handed = True

    def take(self, frames: list[Frame]) -> None:
        """Takes a message as it came. After a frame with our private topic, it was resent, or is a speaker's notice."""
        if bytes(frames[0]).startswith(b"@"):
            frames = [bytes(frames[1]), *frames[2:]] if len(frames) > 1 else [b""]
        first = bytes(frames[0])
        if first.startswith(DOWN):
            self._told(first)
            return
        try:
            header, fields = codec.decode(frames)
        except Malformed as wrong:
            self.lost.stranger(str(wrong))
            return
        topic = first.partition(b"\0")[0].decode(errors="replace")
        stream = self._known.get((header.sender, topic))
        if stream is None or header.run != self.who.run:
            self._drop(header, topic)
        elif self._is_next(stream, header.sequence):
            self.heard[topic] = self.heard.get(topic, 0) + 1
            message = build(stream.kind, fields)
            self.inbox.put(header.sender, topic, message)
            if self.witness:
                self.witness.witness(stream.kind, topic, header, values(message))

    def _drop(self, header: Header, topic: str) -> None:
        """Drops a message. If its speaker has yet to greet, it is no stranger's and will be resent."""
        if header.run != self.who.run or (header.sender, topic) not in self.inbox.streams:
            self.lost.stranger(f"a message of {header.sender[:60]} of run {header.run[:60]}")

    def _is_next(self, stream: Stream, sequence: int) -> bool:
        """Whether this is the message to take now. An observer takes what is new, and counts what it missed.

        A status is always new: a restarted process may begin with any number.
        """
        ahead = sequence - stream.received
        if self.observer and (ahead > 0 or stream.topic == Status.topic):
            self.lost.count(stream.topic, max(0, ahead if stream.received else 0))
            stream.taken += ahead
            return True
        return ahead == 0

    def _told(self, frame: bytes) -> None:
        """Handles a speaker's notice: its greeting, where its messages begin, or that there are more to ask for."""
        told = unseal(self.who.secret, frame)
        if told is None:
            self.lost.stranger(f"a greeting of {len(frame)} bytes")
        elif "kinds" in told:
            self._greet(**told)
        elif "begins" in told:
            self._skip(**told)
        elif not self._ended:
            self._ask(told["sender"])

    def _greet(self, sender: str, kinds: dict[str, str]) -> None:
        for (name, topic), stream in self.inbox.streams.items():
            if name == sender and kinds.get(topic) != fingerprint(stream.kind):
                what = f"publishes another {topic} than {self.who.name} expects: the two run different versions of "
                raise Refusal([Problem(sender, f"{what}{stream.kind.__name__}; restart both from one installation")])
            if name == sender:
                self._known[name, topic] = stream
        self._ask(sender)

    def _ask(self, sender: str) -> None:
        """Asks a speaker for all messages from our positions on."""
        mine = {topic: stream.received for (name, topic), stream in self.inbox.streams.items() if name == sender}
        self._upstream(sender, again=True, positions=dict.fromkeys(mine, NEVER) if self._ended else mine)

    def _skip(self, sender: str, begins: dict[str, int], realtime: bool) -> None:
        """Continues where the sender can: messages that it has forgotten are lost.

        Raises:
            Refusal: the sender is not realtime, so it forgets only what was acknowledged. (A recorder acknowledges
                also what it cannot save on a full disk.)
        """
        for topic, begin in begins.items() if not self._ended else ():
            stream = self.inbox.streams[sender, topic]
            missed = begin - stream.received
            if missed > 0 and not (realtime or self.witness):
                what = f"has forgotten {missed} messages of {topic} that {self.who.name} still needs: its checkpoint"
                raise Refusal([Problem(sender, f"{what} is older than it has acknowledged; start a new run")])
            if missed > 0:
                self.lost.count(topic, missed)
                stream.taken += missed
                if self.witness:
                    self.witness.missed(sender, topic, begin)

    def acknowledge(self, positions: Positions) -> None:
        """Tells every sender that the messages before these positions are not needed again."""
        for sender in {sender for sender, _ in positions} if not self.observer else ():
            mine = {topic: number for (name, topic), number in positions.items() if name == sender}
            self._upstream(sender, again=False, positions=mine)

    def acknowledge_all(self) -> None:
        """Tells all senders that this node has ended and needs nothing again."""
        self._ended = True
        self.acknowledge(dict.fromkeys(self.inbox.streams, NEVER))

    def _upstream(self, sender: str, again: bool, positions: dict[str, int]) -> None:
        """Sends positions to a speaker, for it to resend what follows (`again`), or to forget what precedes them."""
        hello: dict[str, Any] = {"to": sender, "listener": self.who.name, "positions": positions, "again": again}
        if sender in self.neighbours:
            self.neighbours[sender].answer(**hello)
            return
        frame = seal(self.who.secret, UP, hello)
        if len(frame) > sockets.CONTROL_BYTES:
            raise TypeError(f"{self.who.name} hears so many topics of {sender} that a hello has {len(frame)} bytes")
        self.socket.send(frame)
