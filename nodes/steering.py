"""Admits what a person changes while a graph runs: it counts from a stated rollout, so the run can be repeated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from tutelage import Message, Node
from tutelage.files import durable
from tutelage.files.naming import file_name
from tutelage.message import Promise
from tutelage.messages import Setting, Weights
from tutelage.observers.parameters import STEERED


class Steering(Node):
    """Publishes each change for the first rollout that nobody can have learned from yet.

    A file in the run's folder lists the changes. It is written when they are in a checkpoint: at the next message.

    Attributes:
        rollout: the first one without a promise.
        asked: the last one for which the learner has published weights.
        changes: node, setting and value of those that wait.
        changed: rollout, node, setting and value of those that were published.
    """

    hears: ClassVar[tuple[type[Message], ...]] = (Weights,)
    says: ClassVar[tuple[type[Message], ...]] = (Setting,)
    order = "arrival"
    steers = True
    keeps = ("rollout", "asked", "changes", "changed")

    def __init__(self) -> None:
        self.rollout, self.asked = 0, -1
        self.changes: list[list[Any]] = []
        self.changed: list[list[Any]] = []
        self.listed = 0  # how many of them the file has

    def change(self, node: str, setting: str, value: float) -> None:
        self.changes.append([node, setting, value])

    def hear(self, message: Message) -> Iterator[Message]:
        assert isinstance(message, Weights)
        self._list()
        self.asked = message.rollout
        if self.asked >= self.rollout:
            yield from self._admit()
            self.rollout = self.asked + 1
            yield Promise(self.rollout, 0)
        self.done = message.stop

    def _admit(self) -> Iterator[Message]:
        for node, setting, value in self.changes:
            yield Setting(self.rollout, 0, node=node, setting=setting, value=value)
            self.changed.append([self.rollout, node, setting, value])
        self.changes = []

    def _list(self) -> None:
        if len(self.changed) != self.listed:
            name = STEERED.format(file_name(self.name))
            durable.write_json(self.run_dir / name, {"changed": self.changed})
            self.listed = len(self.changed)

    def finish(self) -> tuple[Message, ...]:
        self._list()
        return ()

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        self.listed = -1  # the file may know of a change that this state does not
