"""Devices without a person: a control law, and a file that is replayed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tutelage.tasks.entry import Law
from tutelage.tasks.task import Task
from tutelage.teaching.devices.device import Device, Moment, OperatorCommand
from tutelage.teaching.formats.files import kept, read


class Lawful(Device):
    """A control law: a known one, or a user's."""

    def __init__(self, law: Law, name: str) -> None:
        self.law, self.name = law, name

    def action(self, observation: np.ndarray, now: Moment) -> np.ndarray:
        return np.asarray(self.law(observation))


class Replay(Device):
    """The actions of a file's or a recording's kept episodes, one after another, whatever their outcome.

    An episode that has not ended after its last action is kept as far as it went; the last episode ends the session.
    """

    def __init__(self, file: Path, task: Task) -> None:
        self.name = file.name
        self.episodes = [episode.action for episode in kept(read(file, task))]

    def action(self, observation: np.ndarray, now: Moment) -> np.ndarray | None:
        actions = self.episodes[now.take] if now.take < len(self.episodes) else ()
        return np.asarray(actions[now.step]) if now.step < len(actions) else None

    def commands(self, now: Moment) -> Sequence[OperatorCommand]:
        return ["finish"] if now.take >= len(self.episodes) else super().commands(now)
