"""The adapter for LeRobot, at an object of the shape that LeRobot documents; LeRobot itself is not installed here."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from tests.parts.rigs import ROOT
from tutelage.drivers.driver import DriverError
from tutelage.drivers.lerobot import LeRobotRobot, LeRobotTeleoperator

ARM = "tests.parts.arm_of_lerobots_shape:Arm"
CONFIG = "tests.parts.arm_of_lerobots_shape:Config"


def channels(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "unit": "deg", "low": -100.0, "high": 100.0} for name in names]


def made(
    kind: Any = LeRobotRobot,
    observes: tuple[str, ...] = ("lift.pos", "pan.pos"),
    accepts: tuple[str, ...] = ("pan.pos",),
    port: str = "/dev/arm",
    **more: Any,
) -> Any:
    return kind(ARM, channels(*observes), channels(*accepts), config=CONFIG, arguments={"port": port}, **more)


def test_it_reads_what_is_named_and_says_what_was_really_sent() -> None:
    robot = made()
    robot.connect()
    np.testing.assert_array_equal(robot.read().values, [-2, 1])
    np.testing.assert_array_equal(robot.write(np.array([90.0])), [6])  # the arm takes steps of 5
    np.testing.assert_array_equal(robot.read().values, [-2, 6])
    robot.close()


def test_a_stop_holds_it_where_it_is_or_sends_what_was_said() -> None:
    robot = made(accepts=("gripper.pos", "pan.pos"), rest={"gripper.pos": 3.0})
    robot.connect()
    arm = robot.device
    robot.stop()
    assert arm.sent == [{"gripper.pos": 3, "pan.pos": 1}]
    robot.close()
    assert len(arm.sent) == 2 and not arm.is_connected
    robot.close()


def test_failures_of_whatever_kind_are_sentences() -> None:
    with pytest.raises(DriverError, match=r"Arm: could not connect \(ConnectionError: no such port\)"):
        made(port="nowhere").connect()
    robot = made()
    with pytest.raises(DriverError, match="is not connected"):
        robot.read()
    robot.connect()
    arm = robot.device
    arm.pulled = True
    with pytest.raises(DriverError, match=r"could not read \(ConnectionError: no status packet\)"):
        robot.read()
    with pytest.raises(DriverError, match="could not read"):
        robot.close()  # it cannot be stopped, but it is let go
    assert not arm.is_connected


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ({"observes": ("elbow.pos",)}, "has no number 'elbow.pos', only pan.pos, lift.pos"),
        ({"observes": ("wrist",)}, "has no number 'wrist'"),
        ({"accepts": ("gripper.pos",)}, "the robot's file does not say how to stop gripper.pos: add it under rest"),
    ],
)
def test_what_it_does_not_have_is_said_before_it_is_connected(names: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DriverError, match=sentence):
        made(**names).connect()


def test_without_lerobot_it_is_said_what_is_missing() -> None:
    with pytest.raises(DriverError, match=r"lerobot.robots:Arm: cannot be imported .*: install lerobot"):
        LeRobotRobot("lerobot.robots:Arm", []).connect()


def test_a_teleoperator_shows_actions_and_takes_none() -> None:
    teleoperator = made(LeRobotTeleoperator, observes=("gripper.pos", "pan.pos"), accepts=())
    teleoperator.connect()
    np.testing.assert_array_equal(teleoperator.read().values, [9, 7])
    with pytest.raises(DriverError, match="takes no command"):
        teleoperator.write(np.zeros(0))
    teleoperator.close()


def test_the_adapter_itself_needs_no_lerobot() -> None:
    script = "import sys; sys.modules['lerobot'] = None; import tutelage.drivers.lerobot"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0
