"""The interface of an operator's device: commands, and actions for observations.

    class Coin(Device):
        name = "coin"

        def action(self, observation: np.ndarray, now: Moment) -> np.ndarray:
            return np.array(random.randrange(2))

A device gets the session's state, so one without a person can give its commands by itself. It never waits, since it is
asked again soon. A page in a browser fits in: it answers with what it has received since the last call.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

Phase = Literal["ready", "driving", "paused", "over", "finished"]
"""An episode waits to be started, is driven, stands still, has ended and waits for its verdict; all is done."""

OperatorCommand = Literal["go", "keep", "discard", "undo", "finish", "arm", "stop"]
"""`go` starts, pauses and continues; `undo` reverses the last verdict; `arm` and `stop` are orders to a robot."""

COMMANDS: tuple[OperatorCommand, ...] = ("go", "keep", "discard", "undo", "finish", "arm", "stop")

Words = Mapping[OperatorCommand, str]

SESSION: Words = {"go": "start, pause", "keep": "keep", "discard": "discard", "undo": "undo", "finish": "finish"}
ORDERS: Words = {"arm": "arm", "stop": "stop"}
TAKEOVER: Words = {"go": "take over, give back", **ORDERS, "discard": "discard the last"}
"""Names of the commands, by where they are used: in episodes, at a robot, beside a policy."""


class Moment(NamedTuple):
    """The state of a session."""

    phase: Phase
    take: int
    """number of the running episode, from 0"""
    step: int
    """in that episode, from 0"""


class Device(ABC):
    """A device.

    Attributes:
        name: what recordings call it.
        person: whether a person acts with it, at a person's pace.
        legend: how to use it, in a line.
    """

    name: str
    person: bool = False
    legend: str = ""

    @abstractmethod
    def action(self, observation: np.ndarray, now: Moment) -> np.ndarray | None:
        """The action, as the task takes it (its units, its bounds). None: no more actions, keep the episode."""

    def commands(self, now: Moment) -> Sequence[OperatorCommand]:
        """The operator's commands since the last call. A device without a person starts and keeps every episode."""
        wishes: dict[Phase, OperatorCommand] = {"ready": "go", "over": "keep"}
        return [wishes[now.phase]] if now.phase in wishes else []

    def waits(self) -> bool:
        """Whether no action of the task is neutral, and the person has given none since the last verdict."""
        return False

    def help(self, words: Words) -> str:
        """The legend for a person, with the commands in `words`."""
        return self.legend

    def watch(self, observation: np.ndarray) -> None:
        """What is observed, whoever drives; so a device without a person can decide when to take over."""
        return

    def engage(self, action: np.ndarray) -> None:
        """The operator takes over after this last action, as the task takes it: the device continues with it until the
        operator acts.
        """
        return

    def close(self) -> None:
        """Closes the device, and restores its state."""
        return
