"""Publishes what people say to a running graph: it counts from a stated rollout, so the run can be repeated."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar

from tutelage import Message, Node
from tutelage.files import durable
from tutelage.files.naming import file_name
from tutelage.message import Promise
from tutelage.messages import Setting, Transition, Weights
from tutelage.observers.steered import STEERED
from tutelage.plain_message import message_of


class Steering(Node):
    """Publishes each message for the first rollout that nobody can have learned from yet.

    A file in the run's folder lists the messages. It is written when they are in a checkpoint: at the next message.

    Attributes:
        rollout: the first one without a promise.
        asked: the last one for which the learner has published weights.
        waiting: topic and fields of the messages that wait.
        published: rollout, topic and fields of those that were published.
    """

    hears: ClassVar[tuple[type[Message], ...]] = (Weights,)
    says: ClassVar[tuple[type[Message], ...]] = (Setting,)
    order = "arrival"
    steers = writes = True
    keeps = ("rollout", "asked", "waiting", "published")

    def __init__(self) -> None:
        self.rollout, self.asked = 0, -1
        self.waiting: list[list[Any]] = []
        self.published: list[list[Any]] = []
        self.listed = 0  # how many of them the file has

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
            self.published.append([self.rollout, topic, fields])
        self.waiting = []

    def _list(self) -> None:
        if len(self.published) != self.listed:
            name = STEERED.format(file_name(self.name))
            durable.write_json(self.run_dir / name, {"published": self.published})
            self.listed = len(self.published)

    def finish(self) -> tuple[Message, ...]:
        self._list()
        return ()

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        self.listed = -1  # the file may know of a message that this state does not


class LiveSteering(Steering):
    """In a graph with a robot or a person: publishes at once, since a stop must not wait for a rollout.

    It ends with the world that it hears.
    """

    hears = (Transition,)
    may_hear = (Weights,)
    clock = True

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Weights):
            yield from self._admit(message.rollout)

    def due(self) -> float:
        return 0.0 if self.waiting or self.listed != len(self.published) else math.inf

    def tick(self) -> Iterator[Message]:
        self._list()
        yield from self._publish()
