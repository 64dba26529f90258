"""Publishes what people say to a running graph: it counts from a stated rollout, so the run can be repeated."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from tutelage import Message, Node
from tutelage.files.naming import file_name
from tutelage.files.rows import Rows
from tutelage.input.problems import complain
from tutelage.message import Promise
from tutelage.messages import Setting, Transition, Weights
from tutelage.observers.steered import STEERED
from tutelage.plain_message import message_of

AGAIN_SECONDS = 1.0
"""After this time it tries again what a full disk had no room for."""


class Steering(Node):
    """Publishes each message for the first rollout that nobody can have learned from yet.

    A file in the run's folder lists the messages: each once it is in a checkpoint, at the next message. What a full
    disk has no room for is listed later.

    Attributes:
        rollout: the first one without a promise.
        asked: the last one for which the learner has published weights.
        waiting: topic and fields of the messages that wait.
        listed: the rows of the file, of rollout, topic and fields of those that were published.
    """

    hears: ClassVar[tuple[type[Message], ...]] = (Weights,)
    says: ClassVar[tuple[type[Message], ...]] = (Setting,)
    order = "arrival"
    steers = writes = True
    keeps = ("rollout", "asked", "waiting", "listed")

    def __init__(self) -> None:
        self.rollout, self.asked = 0, -1
        self.waiting: list[list[Any]] = []
        self.listed = Rows()

    @property
    def path(self) -> Path:
        return self.run_dir / STEERED.format(file_name(self.name))

    def start(self) -> tuple[Message, ...]:
        self.listed.cut(self.path)  # from a process that was killed before its first checkpoint
        return ()

    def ask(self, topic: str, fields: dict[str, Any]) -> None:
        self.waiting.append([topic, fields])

    def hear(self, message: Message) -> Iterator[Message]:
        assert isinstance(message, Weights)
        self._list()
        yield from self._admit(message.rollout)
        self.done = message.stop

    def _admit(self, asked: int) -> Iterator[Message]:
        self.asked = asked
        if asked >= self.rollout:
            yield from self._publish()
            self.rollout = asked + 1
            yield Promise(self.rollout, 0)

    def _publish(self) -> Iterator[Message]:
        kinds = {kind.topic: kind for kind in self.says}
        for topic, fields in self.waiting:
            yield message_of(kinds[topic], self.rollout, 0, fields)
            self.listed.add({"rollout": self.rollout, "topic": topic, "fields": fields})
        self.waiting = []

    def _list(self) -> None:
        """Lists what is in a checkpoint. A full disk does not end the run."""
        if self.unkept:
            return
        try:
            self._write()
        except OSError as error:
            complain(f"not listed yet: {error}")

    def _write(self) -> None:
        if self.listed.rows:
            self.listed.append(self.path)
            self.listed.sync(self.path)

    def finish(self) -> tuple[Message, ...]:
        self._write()
        return ()

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        self.listed.cut(self.path)


class LiveSteering(Steering):
    """In a graph with a robot or a person: publishes at once, since a stop must not wait for a rollout.

    It ends with the world that it hears.
    """

    hears = (Transition,)
    may_hear = (Weights,)
    clock = True
    again = 0.0  # when it may list again, in seconds of the monotonic clock

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Weights):
            yield from self._admit(message.rollout)

    def due(self) -> float:
        return 0.0 if self.waiting else self.again if self.listed.rows else math.inf

    def tick(self) -> Iterator[Message]:
        self._list()
        self.again = time.monotonic() + AGAIN_SECONDS if self.listed.rows else 0.0
        yield from self._publish()
