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
