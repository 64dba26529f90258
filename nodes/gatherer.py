"""The copies of the environment that several simulators step, as if one simulator stepped them all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from tutelage import Message, Node
from tutelage.message import build, values
from tutelage.messages import Observation, Reward, Transition


class Gatherer(Node):
    """Publishes what `parts` simulators publish for the same steps as one message, their copies side by side.

    The simulators' order is that of their names. Nodes behind it learn from one stream, whichever simulator was first.
    """

    hears: ClassVar[tuple[type[Message], ...]] = (Transition, Reward)
    says: ClassVar[tuple[type[Message], ...]] = (Transition, Reward)
    hears_in: ClassVar[str] = "parts"
    keeps = ("waiting",)

    def __init__(self, parts: int) -> None:
        self.parts = parts
        self.waiting: dict[str, list[Any]] = {}  # by type, the fields of the parts so far of one message

    def hear(self, message: Message) -> Iterator[Message]:
        kind = type(message)
        waiting = self.waiting.setdefault(kind.topic, [])
        waiting.append(values(message)[2:])
        if len(waiting) == self.parts:
            del self.waiting[kind.topic]
            axes = [field.shape.index("envs") for field in kind.declared[2:]]
            columns = zip(axes, zip(*waiting, strict=True), strict=True)
            gathered = [np.concatenate(parts, axis) for axis, parts in columns]
            yield build(kind, (message.rollout, message.step, *gathered))


class ObservationGatherer(Gatherer):
    """Gathers their observations in the same way, so that one policy answers all simulators at each step."""

    hears = says = (Observation,)
