"""A robot's file: its driver, its task, its limits. It says nothing of what is learnt on it.

    driver: drivers.dynamixel:CartPole     # or my_arm.py:Arm, a file beside this one
    parameters: {port: /dev/ttyUSB0}       # of the driver's constructor
    task: CartPole-v1                      # or my_arm.py:Reach
    rate: 50                               # Hz
    start: operator                        # who arms it and begins each episode, see below
    limits:
      force: {position: [-10, 10], rate: 2000, safe: 0}  # safe: what it is told at rest, and where no task commands it
      arm: {position: [-1.5, 1.5], step: 0.2, measured: arm_position}
      cart: {position: [-2.6, 2.6]}                    # of a reading: outside is a protective stop
    ages: {apply: 2, hold: 5}              # periods
    stuck: 0.5                             # seconds for which readings may stay the same while commanded; 0: for ever
    calibration:
      pole: {zero: 0.02, direction: -1}

`start` is `operator`, also where it is not said: a person arms it and begins each episode; or `automatic`: it arms
itself once, has the robot's own routine put it where an episode begins, and begins when the task is ready to. After a
stop only a person arms again.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from drivers.calibration import Calibrated
from drivers.driver import Channel, Driver
from drivers.guard import Limits
from tasks.known import ROBOT_TASKS
from tasks.robot_task import RobotTask
from tutelage.graph import class_of
from tutelage.language import yaml_marks
from tutelage.language.checking import checked, keys
from tutelage.language.entries import Entry, Scope
from tutelage.language.planning import check_parameters
from tutelage.language.yaml_marks import Item, plain
from tutelage.problems import LaunchError, Place, Problem, did_you_mean
from tutelage.task import Env, Task

Vector = NDArray[np.float64]

FILE = {
    "description": str,
    "driver": str,
    "parameters": dict,
    "task": str,
    "rate": float,
    "start": Literal["operator", "automatic"],
    "limits": dict,
    "ages": dict,
    "stuck": float,
    "calibration": dict,
}
LIMIT = {"position": list[float], "step": float, "rate": float, "safe": float, "measured": str}
AGES = {"apply": float, "hold": float}
CALIBRATION = {"zero": float, "direction": int}

NUMBERS = {
    **dict.fromkeys(("rate", "step", "apply", "hold"), "a number above 0"),
    **dict.fromkeys(("safe", "zero"), "a number"),
    "stuck": "a number above 0, or 0",
}
"""What numbers must be, by key."""

FAST_HZ, APPLY_MOST, HOLD_MOST = 50.0, 0.040, 0.100
"""From this rate on, no action may be applied when older than that, nor held, in seconds."""


@dataclass
class Robot:
    """A robot as its file describes it; channels are found by name, whatever their order in the driver."""

    driver: Driver
    task: RobotTask
    limits: Limits
    rate: float
    start: str
    parameters: dict[str, Any]

    def __post_init__(self) -> None:
        observed = [channel.name for channel in self.driver.observes]
        accepted = [channel.name for channel in self.driver.accepts]
        self._observed = [observed.index(name) for name in self.task.observes]
        self._accepted = [accepted.index(name) for name in self.task.accepts]

    def observe(self, readings: Vector) -> NDArray[np.float32]:
        """The task's observation [obs]."""
        return self.task.observe(readings[self._observed])

    def command(self, action: np.ndarray) -> Vector:
        """What an action [1, *action] commands. One of another shape becomes a command of another shape."""
        told = self.task.command(action.reshape(-1))
        if told.shape != (len(self._accepted),):
            return told
        command = self.limits.safe.copy()
        command[self._accepted] = told
        return command

    def action(self, command: Vector) -> np.ndarray:
        """The action that commands this or comes nearest, an index [] or numbers [action]."""
        return self.task.action(command[self._accepted])

    def reward(self, observation: NDArray[np.float32], command: Vector) -> float:
        return self.task.reward(observation, command[self._accepted])


def load(path: Path, env: Env | None = None, port: str = "") -> Robot:
    """Reads a robot's file; `env` is the environment whose place it is to take, `port` replaces the one in the file.

    Raises:
        LaunchError: all that is wrong with it, each with its place.
    """
    problems: list[Problem] = []
    item = yaml_marks.read(path, problems)
    if item is None:
        raise LaunchError(problems)
    robot = _Reader(path, item, port, problems).robot()
    if robot is None or problems:
        raise LaunchError(problems)
    if env is not None and Task(env).env != robot.task.env:
        what = f"this robot's task is {robot.task.env}, but env is {Task(env).env}: say env:={robot.task.env}"
        raise LaunchError([Problem(yaml_marks.shown(path), what)])
    return robot


def task_of(path: Path) -> RobotTask | None:
    """The task that a robot's file names, None where it cannot be told. Its driver need not be there."""
    problems: list[Problem] = []
    item = yaml_marks.read(path, problems)
    return _Reader(path, item, "", problems).task() if item else None


class _Reader:
    """Reads one file; what is wrong is gathered."""

    def __init__(self, path: Path, item: Item, port: str, problems: list[Problem]) -> None:
        self.path, self.port, self.problems, self.place = path, port, problems, item.place
        self.items = keys(item, FILE, "a robot's file", problems)
        self.told = self._checked(self.items, FILE, "a robot's file")

    def robot(self) -> Robot | None:
        for key in ("driver", "task", "rate"):
            if key not in self.items:
                self._say(self.place, f"a robot's file needs '{key}': see drivers/robot.py")
        driver, task = self._driver(), self.task()
        if driver is None or task is None or self.problems:
            return None
        self._check_channels(driver, task)
        limits = self._limits(driver, task)
        if self.problems:
            return None
        return Robot(
            driver, task, limits, self.told["rate"], self.told.get("start", "operator"), self.told.get("parameters", {})
        )

    def _say(self, place: Place | None, what: str) -> None:
        self.problems.append(Problem(place or self.place, what))

    def _checked(self, items: dict[str, Item], hints: dict[str, Any], what: str) -> dict[str, Any]:
        """Plain values by key, of the right types; numbers are numbers, and positive where they must be."""
        told = checked(items, hints, what, self.problems)
        for key in told.keys() & NUMBERS.keys():
            good = told[key] >= 0 if key == "stuck" else told[key] > 0 if "above" in NUMBERS[key] else True
            if not (np.isfinite(told[key]) and good):
                self._say(items[key].place, f"{what}: '{key}' must be {NUMBERS[key]}, but is {told[key]:g}")
        return told

    def _class(self, key: str, base: type) -> Any:
        if key not in self.told:
            return None
        named: str = self.told[key]
        beside = self.path.parent / named
        try:
            return class_of(str(beside) if named.partition(":")[0].endswith(".py") else named, base)
        except (LookupError, TypeError, ImportError) as error:
            self._say(self.items[key].place, str(error))
            return None

    def _driver(self) -> Driver | None:
        kind = self._class("driver", Driver)
        given = self.items.get("parameters", Item({}, self.place)).value
        if kind is None or not isinstance(given, dict):
            return None
        place = self.items["driver"].place
        check_parameters(Entry("driver", place, Scope(), parameters=given, run_place=place), kind, self.problems)
        if self.problems:
            return None
        values = {name: plain(item) for name, item in given.items()} | ({"port": self.port} if self.port else {})
        driver: Driver = kind(**values)
        for module, remedy in driver.needs.items():
            if importlib.util.find_spec(module) is None:
                self._say(place, f"needs {module}, which is not installed: {remedy}")
        return self._calibrated(driver)

    def _calibrated(self, driver: Driver) -> Driver:
        zero, direction = {}, {}
        for name, item in self._channels("calibration", [*driver.observes, *driver.accepts]).items():
            told = self._checked(keys(item, CALIBRATION, name, self.problems), CALIBRATION, name)
            zero[name], direction[name] = told.get("zero", 0.0), told.get("direction", 1)
            if direction[name] not in (-1, 1):
                self._say(item.place, f"{name}: 'direction' must be 1 or -1, but is {direction[name]}")
        return Calibrated(driver, zero, direction) if zero else driver

    def task(self) -> RobotTask | None:
        if self.told.get("task") in ROBOT_TASKS:
            return ROBOT_TASKS[self.told["task"]]()
        if ":" in self.told.get("task", ":"):
            kind = self._class("task", RobotTask)
            return kind() if kind else None
        what = f"there is no task {self.told['task']}; {did_you_mean(self.told['task'], ROBOT_TASKS)}, or file.py:Class"
        self._say(self.items["task"].place, what)
        return None

    def _check_channels(self, driver: Driver, task: RobotTask) -> None:
        for verb, needed, channels in (
            ("observe", task.observes, driver.observes),
            ("accept", task.accepts, driver.accepts),
        ):
            known = [channel.name for channel in channels]
            for name in needed:
                if name not in known:
                    what = f"the task needs '{name}', which the driver does not {verb}; {did_you_mean(name, known)}"
                    self._say(self.items["driver"].place, what)

    def _channels(self, key: str, known: list[Channel]) -> dict[str, Item]:
        """The entries of a mapping by channel."""
        item = self.items.get(key, Item({}, self.place))
        return keys(item, {channel.name: dict for channel in known}, key, self.problems)

    def _limits(self, driver: Driver, task: RobotTask) -> Limits:
        named = self._channels("limits", [*driver.observes, *driver.accepts])
        told = {
            name: self._checked(keys(item, LIMIT, name, self.problems), LIMIT, name) for name, item in named.items()
        }
        for name, item in named.items():
            self._check_limit(name, item, told[name], driver)
        for one in driver.accepts if not self.problems else ():
            self._check_safe(one, named.get(one.name), told.get(one.name, {}), one.name in task.accepts)
        apply, hold = self._ages()
        if self.problems:
            return None  # type: ignore[return-value]
        observed = [channel.name for channel in driver.observes]

        def by_channel(channels: tuple[Channel, ...], key: str, default: float) -> Vector:
            return np.array([told.get(one.name, {}).get(key, default) for one in channels], float)

        def bound(side: int) -> Vector:
            bounds = [told.get(one.name, {}).get("position", one[2:]) for one in driver.accepts]
            return np.array([both[side] for both in bounds], float)

        def observed_bound(side: int) -> Vector:
            bounds = [told.get(one.name, {}).get("position", (-np.inf, np.inf)) for one in driver.observes]
            return np.array([both[side] for both in bounds], float)

        measured = [told.get(channel.name, {}).get("measured") for channel in driver.accepts]
        return Limits(
            low=bound(0),
            high=bound(1),
            step=by_channel(driver.accepts, "step", np.inf),
            rate=by_channel(driver.accepts, "rate", np.inf),
            safe=by_channel(driver.accepts, "safe", 0.0),
            measured=np.array([observed.index(name) if name else -1 for name in measured]),
            observed_low=observed_bound(0),
            observed_high=observed_bound(1),
            period=round(1e9 / self.told["rate"]),
            apply=round(apply * 1e9),
            hold=round(hold * 1e9),
            stuck=round(self.told.get("stuck", 0.5) * 1e9) or 2**62,
        )

    def _check_limit(self, name: str, item: Item, told: dict[str, Any], driver: Driver) -> None:
        channel = next(one for one in (*driver.accepts, *driver.observes) if one.name == name)
        low, high = (
            told.get("position", (channel.low, channel.high)) if len(told.get("position", "ab")) == 2 else (1, 0)
        )
        if not channel.low <= low < high <= channel.high:
            can = f"{channel.low:g} to {channel.high:g} {channel.unit}"
            self._say(item.place, f"{name}: 'position' must be [low, high] within what the device can, {can}")
        if name not in [one.name for one in driver.accepts]:
            for key in told.keys() - {"position"}:
                self._say(item.value[key].key, f"{name} is only observed: it has no '{key}'")
        if "step" in told and "measured" not in told:
            self._say(
                item.place, f"{name}: 'step' is counted from what is measured: say by which reading, measured: NAME"
            )
        if "measured" in told:
            self._check_measured(name, told["measured"], item.value["measured"].place, driver)

    def _check_measured(self, name: str, reading: str, place: Place | None, driver: Driver) -> None:
        """What is counted from a reading must count as it does."""
        observed = [one.name for one in driver.observes]
        if reading not in observed:
            self._say(place, f"'{reading}' is not observed; {did_you_mean(reading, observed)}")
        elif isinstance(driver, Calibrated) and driver.frame(name) != driver.frame(reading):
            self._say(place, f"{name}: it is measured by '{reading}', so both need the same calibration")

    def _check_safe(self, channel: Channel, item: Item | None, told: dict[str, Any], commanded: bool) -> None:
        """What a channel is told at rest, if it is not measured, and always, if the task does not command it."""
        name, safe = channel.name, told.get("safe", 0.0)
        low, high = told.get("position", channel[2:])
        place = item.value.get("safe", item).place if item else self.items["driver"].place
        if "safe" not in told and not commanded:
            self._say(place, f"{name}: the task does not command it: say what it is to be told instead, safe: NUMBER")
        elif ("safe" in told or "measured" not in told) and not low <= safe <= high:
            what = f"{name}: 'safe' must be within its position, {low:g} to {high:g} {channel.unit}, but is {safe:g}"
            self._say(place, what)

    def _ages(self) -> tuple[float, float]:
        """How old an action may be to be applied, and to be held, in seconds."""
        item = self.items.get("ages", Item({}, self.place))
        told = self._checked(keys(item, AGES, "ages", self.problems), AGES, "ages")
        rate = self.told["rate"]
        apply, hold = told.get("apply", 2.0) / rate, told.get("hold", 5.0) / rate
        if not 0 < apply <= hold:
            self._say(item.place, "ages: 'apply' must be more than 0, and 'hold' no less than it")
        if rate >= FAST_HZ and (apply > APPLY_MOST or hold > HOLD_MOST):
            most = f"{APPLY_MOST * rate:g} and {HOLD_MOST * rate:g} periods"
            self._say(item.place, f"ages: at {rate:g} Hz 'apply' and 'hold' may be at most {most} (40 and 100 ms)")
        return apply, hold
