"""The channels of a robot's file: what is wrong with one is said in a sentence, before anything is connected."""

from __future__ import annotations

from typing import Any

import pytest

from tutelage.drivers.dynamixel import Dynamixel
from tutelage.drivers.lerobot import LeRobotRobot
from tutelage.drivers.ros2 import Ros2
from tutelage.drivers.serial_rig import SerialRig
from tutelage.input.problems import Refusal

PLAIN: dict[str, Any] = {"name": "arm", "unit": "rad", "low": -3, "high": 3.0}
SERVO = {**PLAIN, "id": 1, "kind": "position", "counts_per_unit": 650}
JOINT = {**PLAIN, "joint": "arm", "field": "position"}


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({**SERVO, "zeero": 1}, r"observes\[1\]: a channel has no 'zeero'; did you mean 'zero'?"),
        ({**SERVO, "kind": "pwm"}, "its 'kind' is 'pwm', but must be one of current, velocity, position"),
        ({**SERVO, "id": 1.5}, "its 'id' must be of type int: 1.5"),
        ({**SERVO, "low": True}, "its 'low' must be a number: True"),
        (PLAIN, "its 'id' is missing"),
        ({**SERVO, "counts_per_unit": 0}, r"observes\[1\]: its 'counts_per_unit' must not be 0"),
        ({**SERVO, "direction": 0}, "its 'direction' is '0', but must be one of 1, -1"),
    ],
)
def test_what_is_wrong_with_a_servos_channel_is_said(entry: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        Dynamixel("/dev/nowhere", [SERVO, entry], [SERVO])


def test_every_driver_checks_both_lists_and_knows_its_spaces_before_it_is_connected() -> None:
    wrong = {**PLAIN, "speed": 1}
    for make in (
        lambda a, b: SerialRig("/dev/nowhere", a, b),
        lambda a, b: LeRobotRobot("arm:Arm", a, b),
        lambda a, b: Ros2([{**one, **JOINT} for one in a], b),
        lambda a, b: Dynamixel("/dev/nowhere", [{**one, **SERVO} for one in a], [{**one, **SERVO} for one in b]),
    ):
        assert [channel.name for channel in make([PLAIN], [PLAIN]).observes] == ["arm"]
        with pytest.raises(Refusal, match=r"observes\[0\]: a channel has no 'speed'"):
            make([wrong], [PLAIN])
        with pytest.raises(Refusal, match=r"accepts\[0\]: a channel has no 'speed'"):
            make([PLAIN], [wrong])


@pytest.mark.parametrize("rest", [[0.0], [0.0, 0.0, 0.0], [float("nan"), 5.0], [0.0, 3.5], [float("inf"), 0.0]])
def test_a_stop_of_a_robot_in_ros_2_sends_nothing_that_it_does_not_accept(rest: list[float]) -> None:
    free = {**PLAIN, "low": float("-inf"), "high": float("inf")}
    with pytest.raises(Refusal, match="rest: must be a number within its range for each channel that it accepts"):
        Ros2([JOINT], [free, PLAIN], rest=rest)
    Ros2([JOINT], [free, PLAIN], rest=[9.0, 3])


def test_without_a_rest_command_zero_must_be_accepted() -> None:
    with pytest.raises(Refusal, match="rest: must be a number within its range"):
        Ros2([JOINT], [{**PLAIN, "low": 1.0}])


@pytest.mark.parametrize(("asked", "told"), [(0.24, 0.24), (0.01, 0.02), (5.0, 2.54)])
def test_servos_state_the_watchdog_that_is_set(asked: float, told: float) -> None:
    assert Dynamixel("/dev/nowhere", [SERVO], [SERVO], watchdog_seconds=asked).watchdog_seconds == told
