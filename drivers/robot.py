"""A robot's file: its driver, its task, its limits. It says nothing about learning.

    driver: drivers.dynamixel:Dynamixel    # or my_arm.py:Arm, a file beside this one
    parameters: {port: /dev/ttyUSB0}       # of the driver's constructor
    task: CartPole-v1                      # or my_arm.py:Reach
    rate: 50                               # Hz
    start: operator                        # who arms it and begins each episode, see below
    limits:
      force: {position: [-10, 10], rate: 2000, safe: 0}  # safe: its command at rest, or without a task
      arm: {position: [-1.5, 1.5], step: 0.2, measured: arm_position, moves: [arm_position, arm_speed]}
      cart: {position: [-2.6, 2.6]}                    # of a reading: outside is a protective stop
      pole: {stuck: 1.0}                               # of a reading: as below, for this one
    ages: {apply: 2, hold: 5}              # periods
    stuck: 0.5                             # seconds for which a reading may stay the same while commanded; 0: for ever
    calibration:
      pole: {zero: 0.02, direction: -1}
    camera: /dev/video0                    # or its number, address or a video; shown and recorded, never acted on

`start` is `operator` by default: a person arms the robot and begins each episode; or `automatic`: it arms itself once,
moves to where an episode begins by its own routine, and begins when the task is ready. After a stop only a person arms
it again.

`measured` names the reading that measures a command; by default the one of the same name and unit. `moves` names the
readings that a command should change, so that a stuck one is found. By default these are the reading that measures it
and the `... velocity` of that name; a command that no reading measures moves all remaining readings.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tutelage.drivers.calibration import Calibrated
from tutelage.drivers.driver import Driver
from tutelage.drivers.limits import Limits
from tutelage.drivers.robot_limits import LimitsReader
from tutelage.input import yaml_marks
from tutelage.input.loading import class_of
from tutelage.input.problems import Problem, Refusal, did_you_mean
from tutelage.input.types import keys
from tutelage.input.yaml_marks import Item, plain
from tutelage.launchfiles.entries import Entry, Scope
from tutelage.launchfiles.mistaken import for_robots_file
from tutelage.launchfiles.plans import check_parameters
from tutelage.tasks.known import ROBOT_TASKS
from tutelage.tasks.robot_task import RobotTask
from tutelage.tasks.task import Env, Task

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
    "camera": str | int,
}
CALIBRATION = {"zero": float, "direction": int}


@dataclass
class Robot:
    """A robot as its file describes it; channels are matched by name, in any order of the driver."""

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
        """The command of an action [1, *action]. A wrong shape gives a command of a wrong shape."""
        told = self.task.command(action.reshape(-1))
        if told.shape != (len(self._accepted),):
            return told
        command = self.limits.safe.copy()
        command[self._accepted] = told
        return command

    def action(self, command: Vector) -> np.ndarray:
        """The action whose command is nearest to this one, an index [] or numbers [action]."""
        return self.task.action(command[self._accepted])

    def reward(self, observation: NDArray[np.float32], command: Vector) -> float:
        return self.task.reward(observation, command[self._accepted])


def load(path: Path, env: Env | None = None, port: str = "") -> Robot:
    """Reads a robot's file; `env` is the environment that it replaces, `port` replaces the one in the file.

    Raises:
        Refusal: all problems of the file, each with its place.
    """
    problems: list[Problem] = []
    item = yaml_marks.read(path, problems)
    if item is None:
        raise Refusal(problems)
    if mistaken := for_robots_file(item, path):
        raise Refusal([mistaken])
    robot = _Reader(path, item, port, problems).robot()
    if robot is None or problems:
        raise Refusal(problems)
    if env is not None and Task(env).env != robot.task.env:
        what = f"this robot's task is {robot.task.env}, but env is {Task(env).env}: say env:={robot.task.env}"
        raise Refusal([Problem(yaml_marks.shown(path), what)])
    return robot


def task_of(path: Path) -> RobotTask | None:
    """The task that a robot's file names, None if it cannot be read. The driver need not exist."""
    problems: list[Problem] = []
    item = yaml_marks.read(path, problems)
    return _Reader(path, item, "", problems).task() if item else None


def env_of(robot: str) -> Env | None:
    """The environment of the task that a robot's file names, None if the file cannot be read."""
    task = task_of(Path(robot))
    return task.env if task else None


def camera_of(robot: str) -> str | None:
    """The camera that a robot's file names: its number as text, its address, or its path; None if there is none."""
    problems: list[Problem] = []
    item = yaml_marks.read(Path(robot), problems)
    named = _Reader(Path(robot), item, "", problems).told.get("camera") if item else None
    if not isinstance(named, str):
        return None if named is None else str(named)
    return named if named.isdigit() or "://" in named else str(Path(robot).parent / Path(named).expanduser())


class _Reader(LimitsReader):
    """Reads one file and gathers its problems."""

    def __init__(self, path: Path, item: Item, port: str, problems: list[Problem]) -> None:
        self.path, self.port = path, port
        super().__init__(keys(item, FILE, "a robot's file", problems), FILE, item.place, problems)

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
