"""Puts a node's input into the one order that depends only on the messages.

Each (sender, topic) is a stream whose messages come in order of logical time. The inbox merges its streams by
(rollout, step, cadence, topic, sender). It hands on a message when no stream can bring an earlier one: the stream's
next message is there and later, or its cadence or a promise says so. So the result is a pure function of the streams'
contents (a Kahn process network), however the processes were scheduled, stopped or killed.

A node may also say itself what it hears next: while it exchanges messages with its equals, it hears only theirs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import Any, Literal

from tutelage.message import FOREVER, Cadence, Message, Promise

Ordering = Literal["time", "arrival"]
Positions = dict[tuple[str, str], int]
"""(sender, topic) -> sequence number of the next message."""

Key = tuple[int, int, int, str, str]

_RANK: dict[Cadence, int] = {"free": 0, "rollout": 1, "step": 2}
"""At the same logical time, rare messages come before those of every step."""


class Stream:
    """The messages of one topic of one sender.

    `taken` counts the messages that were handed on, `received` those that came; each is the sequence number of the
    next. `next_time` is the earliest logical time of the message after the last one taken. `awaited` is one without
    whose end the inbox has not ended.
    """

    def __init__(self, sender: str, kind: type[Message], topic: str = "", awaited: bool = True) -> None:
        self.sender, self.kind, self.topic, self.awaited = sender, kind, topic or kind.topic, awaited
        self.waiting: deque[Message] = deque()
        self.taken = 0
        self.next_time = (0, 0)
        self._rank = (_RANK[kind.cadence], self.topic, sender)

    @property
    def received(self) -> int:
        return self.taken + len(self.waiting)

    def key(self) -> Key:
        """The place in the order of this stream's next message, or the first place that it can have."""
        if self.waiting:
            head = self.waiting[0]
            return (head.rollout, head.step, *self._rank)
        return (*self.next_time, *self._rank)

    def put(self, message: Message) -> None:
        self.waiting.append(message)
        if type(message) is Promise:
            self._keep_promises()

    def take(self, ordered: bool = True) -> Message:
        """The first waiting message. Not `ordered`, it may be early: a restarted operator answers once more.

        Raises:
            ValueError: it is earlier than the stream's cadence and promises allow.
        """
        message = self.waiting.popleft()
        self.taken += 1
        time = message.rollout, message.step
        if time < self.next_time and not ordered:
            self._keep_promises()
            return message
        if time < self.next_time:
            raise ValueError(
                f"{self.sender} published {self.topic} for rollout {time[0]}, step {time[1]}, but had promised "
                f"nothing before rollout {self.next_time[0]}, step {self.next_time[1]}"
            )
        if self.kind.cadence == "step":
            time = message.rollout, message.step + 1
        elif self.kind.cadence == "rollout":
            time = message.rollout + 1, 0
        self.next_time = time
        self._keep_promises()
        return message

    def _keep_promises(self) -> None:
        """Takes promises as soon as they are first in line: only the order needs them."""
        while self.waiting and type(self.waiting[0]) is Promise:
            promise = self.waiting.popleft()
            self.taken += 1
            self.next_time = max(self.next_time, (promise.rollout, promise.step))

    def state(self) -> list[Any]:
        return [self.taken, *self.next_time]

    def load(self, state: list[Any]) -> None:
        self.taken, *time = state
        self.next_time = (time[0], time[1])


class Inbox:
    """A node's input streams in one order: by `time`, or by `arrival` for observers and nodes that act by the clock.

    Streams of a type in `exchanges` are in an order of their own.
    """

    def __init__(
        self, streams: list[Stream], order: Ordering = "time", exchanges: Collection[type[Message]] = ()
    ) -> None:
        self.streams = {(stream.sender, stream.topic): stream for stream in streams}
        self._exchanged = [stream for stream in streams if stream.kind in exchanges]
        self._timed = [stream for stream in streams if stream not in self._exchanged]
        self._awaited = [stream for stream in self._timed if stream.awaited] or self._timed
        self._order = order
        self._arrived: deque[Stream] = deque()

    def put(self, sender: str, topic: str, message: Message) -> None:
        """Takes the next message of a stream."""
        stream = self.streams[sender, topic]
        stream.put(message)
        if self._order == "arrival" and type(message) is not Promise:
            self._arrived.append(stream)

    def pop(self, exchanging: bool = False) -> Message | None:
        """The next message, or None while one that comes before it may still be on its way.

        While `exchanging` the next of the exchanged ones, otherwise the next of all others.
        """
        if self._order == "arrival":
            return self._arrived.popleft().take(ordered=False) if self._arrived else None
        among = self._exchanged if exchanging else self._timed
        if not among:
            return None
        first = among[0] if len(among) == 1 else min(among, key=Stream.key)
        return first.take() if first.waiting else None

    @property
    def ended(self) -> bool:
        """Whether every awaited stream has ended and all its messages were handed on.

        What is exchanged follows from these.
        """
        for stream in self._awaited:  # noqa: SIM110 - asked for each message, where `all` takes five times as long
            if stream.waiting or stream.next_time[0] < FOREVER:
                return False
        return True

    def positions(self) -> Positions:
        """The number of messages taken from each stream."""
        return {key: stream.taken for key, stream in self.streams.items()}

    def state(self) -> dict[str, Any]:
        """How far each stream was taken: a restarted node asks its senders to continue from there."""
        return {f"{sender}/{topic}": stream.state() for (sender, topic), stream in self.streams.items()}

    def load(self, state: dict[str, Any]) -> None:
        for (sender, topic), stream in self.streams.items():
            stream.load(state[f"{sender}/{topic}"])
