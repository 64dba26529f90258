"""Pages in browsers: keys, sticks and buttons that they report. Pure: the pages themselves are in nodes/screens/web/.

The page that has the controls reports some times a second what is held, and each report bears the last stamp of ours
that the page had seen. A report is as old as its stamp, however long it or the stamp was on its way, and whatever the
browser's clock says. What is older than `hold` seconds counts for nothing: a page that hangs, sleeps or loses its
network lets go, and nothing that was delayed is played later.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tutelage.input.types import fits
from tutelage.tasks.known import axes_of
from tutelage.tasks.task import Task
from tutelage.teaching.devices.device import COMMANDS, Device, Moment, OperatorCommand, Words
from tutelage.teaching.devices.gamepad import PUSHED, axes_named, shaped
from tutelage.teaching.devices.keys import KeyMap

AXES = {"left_x": 0, "left_y": 1, "right_x": 2, "right_y": 3}
"""As browsers number them. Up is negative."""

MOST_HELD = 16
"""keys in a report"""


class Report(NamedTuple):
    """What a page reports: the held keys, the latest first, its sticks, and the commands since the last report."""

    number: int
    """from 1, one more with each report of a page"""
    stamp: float
    """the last of ours that the page had seen, in seconds of the monotonic clock"""
    held: list[str] = []
    axes: list[float] = []
    commands: list[OperatorCommand] = []


def parsed(text: str) -> Report:
    """A report from its JSON.

    Raises:
        ValueError: it is none.
    """
    told = json.loads(text)
    fields = {"number": int, "stamp": float, "held": list[str], "axes": list[float], "commands": list[str]}
    if not isinstance(told, dict) or told.keys() != fields.keys() or not all(fits(told[k], fields[k]) for k in fields):
        raise ValueError("no report")
    if len(told["held"]) > MOST_HELD or len(told["axes"]) > len(AXES) or not set(told["commands"]) <= {*COMMANDS}:
        raise ValueError("no report of a device")
    if not all(math.isfinite(value) for value in (told["stamp"], *told["axes"])):
        raise ValueError("a number of it is not finite")
    return Report(**told)


def is_page(operator: str) -> bool | None:
    """Whether an operator drives by a page; None if not, so that a launch file's own default counts."""
    return operator == Browser.name or None


class Browser(Device):
    """A person at a page. Several pages may look; the one that has the controls drives. Any of them may stop a robot.

    `keys` and `rest` are as a keyboard's, `axes` and `dead_zone` as a gamepad's; `port` is the page's, 0 takes a free
    one. The page's server reports from a thread of its own.

    Attributes:
        driver: the page that has the controls; empty: none.
    """

    name, person = "browser", True

    def __init__(
        self,
        task: Task,
        keys: dict[str, Any] | None = None,
        rest: Any = None,
        axes: list[str] | None = None,
        dead_zone: float = 0.15,
        hold: float = 0.25,
        port: int = 0,
    ) -> None:
        self.spaces, self.dead_zone, self.hold, self.port = task.spaces, dead_zone, hold, port
        self.map = KeyMap(task.env, task.spaces, keys, rest)
        chosen = axes or axes_of(task.env)
        self.sticks = [] if self.spaces.discrete else axes_named(chosen, self.spaces.action, AXES)
        self.legend = self.map.legend()
        self.clock, self.lock = time.monotonic, threading.Lock()
        self.wishes: list[OperatorCommand] = []
        self.driver = ""
        self._let_go()

    def _let_go(self) -> None:
        self.last = Report(0, self.clock())
        self.held: list[str] = []
        self.tapped: list[str] = []  # pressed since the last action, so that a short press counts, too

    def enter(self, page: str) -> None:
        """A page was opened. It has the controls if no other has."""
        if not self.driver:
            self.take(page)

    def take(self, page: str) -> None:
        """A page takes the controls; the one that had them lets go."""
        with self.lock:
            self.driver, self.wishes = page, [wish for wish in self.wishes if wish == "stop"]
            self._let_go()

    def leave(self, page: str) -> None:
        """A page was closed."""
        if page == self.driver:
            self.take("")

    def report(self, page: str, report: Report) -> None:
        """Notes a report, unless it is late, out of order, or of a page that only looks. A stop always counts."""
        with self.lock:
            self.wishes += ["stop"] * ("stop" in report.commands)
            on_time = 0 <= self.clock() - report.stamp <= self.hold
            if page != self.driver or report.number <= self.last.number or not on_time:
                return
            held = [*report.held, *(_directions(report.axes) if self.spaces.discrete else ())]
            for command in report.commands:
                self.map.judge(command)
            pressed = [key for key in held if key not in self.held]
            for key in pressed:
                self.map.press(key)
            self.last, self.held, self.tapped = report, held, [*pressed, *self.tapped]
            self.wishes += [command for command in report.commands if command != "stop"]

    @property
    def gone(self) -> bool:
        """Whether nobody has the controls, or nothing was heard from that page for too long."""
        return not self.driver or self.clock() - self.last.stamp > self.hold

    def commands(self, now: Moment) -> Sequence[OperatorCommand]:
        with self.lock:
            wishes, self.wishes = self.wishes, []
            if now.phase != "driving":
                self.tapped = []  # nothing that was pressed before is played later
            if self.gone and now.phase == "driving":
                return ["stop", "go"]  # a robot stops, a simulator pauses
            return wishes

    def action(self, observation: np.ndarray, now: Moment) -> np.ndarray:
        with self.lock:
            if self.gone:
                self._let_go_of_keys()
            held, self.tapped = [*dict.fromkeys([*self.held, *self.tapped])], []
            numbers = [sign * shaped(self._axis(axis), self.dead_zone) for sign, axis in self.sticks]
            if not any(numbers):
                return self.map.action(held)
            self.map.engaged = None
            return self.spaces.to_task(np.array(numbers, np.float32))

    def waits(self) -> bool:
        with self.lock:
            return self.map.waits(self.held)

    def _let_go_of_keys(self) -> None:
        self.held, self.tapped, self.last = [], [], self.last._replace(axes=[])

    def _axis(self, axis: int) -> float:
        return self.last.axes[axis] if axis < len(self.last.axes) else 0.0

    def help(self, words: Words) -> str:
        return self.map.legend(words)

    def buttons(self, words: Words) -> Mapping[str, OperatorCommand]:
        """Commands by key, of those in `words`. At a robot the space bar stops, and `g` does what it did."""
        keys = dict(self.map.commands)
        if "stop" in words:
            keys["space"] = "stop"
            if "g" not in self.map.actions:
                keys.setdefault("g", "go")
        return {key: command for key, command in keys.items() if command in words}

    def engage(self, action: np.ndarray) -> None:
        with self.lock:
            self.tapped = []
            self.map.engage(action)


def _directions(axes: Sequence[float]) -> list[str]:
    """The directions in which the left stick is pushed."""
    x, y = [*axes, 0.0, 0.0][:2]
    pushed = {"left": x <= -PUSHED, "right": x >= PUSHED, "up": y <= -PUSHED, "down": y >= PUSHED}
    return [name for name, far in pushed.items() if far]
