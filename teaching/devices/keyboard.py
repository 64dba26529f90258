"""A keyboard, through a terminal: over ssh too.

A terminal reports pressed keys, and repeats a held one, but does not report releases. So a key counts as held for
`hold` seconds after its last report.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from tutelage.input.problems import Problem, Refusal
from tutelage.tasks.task import Task
from tutelage.teaching.devices.device import Device, Moment, OperatorCommand, Words
from tutelage.teaching.devices.keys import KeyMap

SEQUENCES = {
    "[A": "up", "[B": "down", "[C": "right", "[D": "left",
    "OA": "up", "OB": "down", "OC": "right", "OD": "left",
}  # fmt: skip
"""What a terminal sends after an escape, in either of its modes."""

NAMES = {"\r": "enter", "\n": "enter", " ": "space", "\t": "tab", "\x7f": "backspace", "\b": "backspace"}


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
        return self.map.action(self._held())

    def waits(self) -> bool:
        return self.map.waits(self._held())

    def _held(self) -> list[str]:
        """The held keys, the last pressed one first."""
        since = time.monotonic() - self.hold
        return [key for key in reversed(self.told) if self.told[key] >= since]

    def help(self, words: Words) -> str:
        return self.map.legend(words)

    def engage(self, action: np.ndarray) -> None:
        self.map.engage(action)

    def _read(self) -> None:
        for key in self.terminal.pressed():
            self.told.pop(key, None)
            self.told[key] = time.monotonic()
            self.map.press(key)
            if key in self.map.commands:
                self.wishes.append(self.map.commands[key])

    def close(self) -> None:
        self.terminal.close()


class Terminal:
    """The launcher's terminal, which gives each key at once without echo. Ctrl-C still goes to the launcher.

    Raises:
        Refusal: standard input is no terminal.
    """

    def __init__(self) -> None:
        self._file = sys.__stdin__.fileno() if sys.__stdin__ else 0
        if not os.isatty(self._file):
            what = "needs a terminal as its standard input: start it in one, or let another operator drive"
            raise Refusal([Problem("keyboard", what)])
        self._before = termios.tcgetattr(self._file)
        self._ours = termios.tcgetattr(self._file)
        self._before[3] |= termios.ICANON | termios.ECHO  # a program before us may have been killed in another mode
        self._ours[3] &= ~(termios.ICANON | termios.ECHO)
        self._ours[6][termios.VMIN], self._ours[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._file, termios.TCSANOW, self._ours)
        self._ours = termios.tcgetattr(self._file)
        self._bytes = b""

    def pressed(self) -> list[str]:
        """The names of the keys that were pressed since the last call. An escape sequence may come in pieces."""
        came = b""
        try:
            while select.select([self._file], [], [], 0)[0] and (more := os.read(self._file, 1024)):
                came += more
        except OSError:  # the terminal is gone; the launcher hears of it, and ends the run
            return []
        found, self._bytes = split(self._bytes + came, whole=not came)
        return found

    def close(self) -> None:
        """The terminal as it was, unless somebody else has changed it since: a shell whose job was killed does."""
        with contextlib.suppress(termios.error):  # it is gone
            if termios.tcgetattr(self._file) == self._ours:
                termios.tcsetattr(self._file, termios.TCSANOW, self._before)


def split(sent: bytes, whole: bool) -> tuple[list[str], bytes]:
    """Names of the keys that a terminal has sent, and the beginning of a sequence that has not ended.

    With `whole` nothing more comes: an incomplete sequence is then taken as it is.
    """
    names, text, i = [], sent.decode(errors="ignore"), 0
    while i < len(text):
        if text[i] != "\x1b":
            names.append(NAMES.get(text[i], text[i].lower()))
            i += 1
        elif text[i + 1 : i + 3] in SEQUENCES:
            names.append(SEQUENCES[text[i + 1 : i + 3]])
            i += 3
        elif len(text) - i < 3 and not whole and text[i + 1 : i + 2] in ("", "[", "O"):
            return names, text[i:].encode()
        else:
            names.append("escape")
            i += 1
    return names, b""
