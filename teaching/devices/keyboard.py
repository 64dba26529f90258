"""A keyboard, through a terminal: over ssh too.

Most terminals report pressed keys, and repeat a held one, but do not report releases. So a key counts as held for
`hold` seconds after its last report. Where the terminal tells that an arrow key was released, nothing is guessed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from tutelage.tasks.task import Task
from tutelage.teaching.devices.device import Device, Moment, OperatorCommand, Words
from tutelage.teaching.devices.keys import KeyMap
from tutelage.teaching.devices.terminal import ARROWS, RELEASED, Terminal


class Keyboard(Device):
    """A person at a terminal's keys.

    `keys` and `rest` say what keys mean (teaching/devices/keys.py), before the task's own.
    """

    name, person = "keyboard", True

    def __init__(self, task: Task, keys: dict[str, Any] | None = None, rest: Any = None, hold: float = 0.25) -> None:
        self.map, self.hold = KeyMap(task.env, task.spaces, keys, rest), hold
        self.legend = self.map.legend()
        self.terminal = Terminal()
        self.told: dict[str, float] = {}  # time of the last report, the latest at the end
        self.wishes: list[OperatorCommand] = []

    def commands(self, now: Moment) -> Sequence[OperatorCommand]:
        self._read()
        wishes, self.wishes = self.wishes, []
        return wishes

    def action(self, observation: np.ndarray, now: Moment) -> np.ndarray:
        self._read()
        return self.map.action([key for key in reversed(self.told) if self._held(key)])

    def _held(self, key: str) -> bool:
        told = self.terminal.releases and key in ARROWS
        return told or self.told[key] >= time.monotonic() - self.hold

    def help(self, words: Words) -> str:
        return self.map.legend(words)

    def engage(self, action: np.ndarray) -> None:
        self.map.engage(action)

    def _read(self) -> None:
        for key in self.terminal.pressed():
            if key.startswith(RELEASED):
                released = key.removeprefix(RELEASED)
                self.told = {k: t for k, t in self.told.items() if released not in (k, "all")}
                continue
            self.told.pop(key, None)
            self.told[key] = time.monotonic()
            self.map.press(key)
            if key in self.map.commands:
                self.wishes.append(self.map.commands[key])

    def close(self) -> None:
        self.terminal.close()
