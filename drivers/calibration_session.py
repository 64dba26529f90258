"""Measures a robot's zeros and directions. A person moves it by hand; the program only reads."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tutelage.drivers.calibration import Calibrated
from tutelage.drivers.driver import Driver, DriverError
from tutelage.drivers.robot import load
from tutelage.files import durable
from tutelage.input import yaml_marks
from tutelage.input.problems import Problem, Refusal

READINGS = 50
"""of which a mean is taken"""

CALIBRATION = re.compile(r"^calibration:.*\n?(?:(?:[ \t]*\n|#.*\n)*[ \t]+\S.*\n?)*", re.MULTILINE)
"""The key in a robot's file, and what is indented below it; blank lines and comments only if more of it follows."""


def calibrate(path: Path, ask: Callable[[str], object]) -> list[str]:
    """Measures, and writes the calibration into the robot's file; returns the names of the channels.

    Raises:
        Refusal: the file is wrong, or the device cannot be connected or read.
    """
    robot = load(path)
    try:
        found = measure(robot.driver, ask)
    except DriverError as error:
        raise Refusal([Problem(path, str(error))]) from error
    for command, reading in zip(robot.driver.accepts, robot.limits.measured, strict=True):
        name = robot.driver.observes[reading].name
        if reading >= 0 and name in found:
            found[command.name] = dict(found[name])  # a command has the calibration of the reading that measures it
    write(path, found)
    return list(found)


def measure(driver: Driver, ask: Callable[[str], object]) -> dict[str, dict[str, float]]:
    """Zeros and directions of the observed channels, with a person's help. The robot is moved only by hand.

    Raises:
        DriverError: the device cannot be connected or read.
    """
    raw = driver.raw if isinstance(driver, Calibrated) else driver
    raw.connect()
    try:
        raw.stop()
        ask("Put the robot where all its positions are zero, then press Enter.")
        zeros, found = _mean(raw), {}
        for i, channel in enumerate(raw.observes):
            if "/s" not in channel.unit:
                ask(f"Move '{channel.name}' by hand to where it is clearly positive, then press Enter.")
                direction = 1 if _mean(raw)[i] >= zeros[i] else -1
                found[channel.name] = {"zero": round(float(zeros[i]), 6), "direction": direction}
                found[f"{channel.name} velocity"] = {"direction": direction}
    finally:
        raw.close()
    known = {channel.name for channel in raw.observes}
    return {name: values for name, values in found.items() if name in known}


def _mean(driver: Driver) -> NDArray[np.float64]:
    return np.mean([driver.read().values for _ in range(READINGS)], axis=0)


def write(path: Path, calibration: Mapping[str, Mapping[str, float]]) -> None:
    """Replaces the calibration in a robot's file, and leaves everything else as it is.

    The file is replaced in one step, so it is never incomplete, also after a power cut.
    """
    path = path.resolve()  # a link stays one
    text, block = path.read_text(), yaml_marks.dump({"calibration": calibration})
    written, found = CALIBRATION.subn(lambda _: block, text, count=1)
    if not found:
        written = text + ("" if text.endswith("\n") else "\n") + block
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(written)
    shutil.copymode(path, fresh)
    durable.flush(fresh)
    fresh.replace(path)
    durable.flush_folder(path.parent)
