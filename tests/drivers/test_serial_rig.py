"""The driver of the plain serial protocol, at a rig that speaks it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.parts.rigs import RunningRig, running
from tutelage.drivers.driver import DriverError

TORQUE = {"name": "torque", "unit": "N m", "low": -2.0, "high": 2.0}
JOINT = {"name": "joint", "unit": "rad", "low": -3.2, "high": 3.2}
VELOCITY = {"name": "joint velocity", "unit": "rad/s", "low": -8.0, "high": 8.0}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[RunningRig]:
    with running("pendulum", "serial", tmp_path) as rig:
        yield rig


def test_what_the_device_applied_is_what_write_returns(rig: RunningRig) -> None:
    driver = rig.driver()
    driver.connect()
    assert driver.write(np.array([0.1234])) == pytest.approx(0.12)
    assert driver.write(np.array([9.0])) == pytest.approx(2.0)
    for _ in range(2):
        driver.stop()
        assert rig.tell("state")["force"] == 0
    driver.close()
    driver.stop()  # after close it has nothing to do


def test_the_device_says_what_it_does_not_like(rig: RunningRig) -> None:
    driver = rig.driver()
    driver.connect()
    with pytest.raises(DriverError, match="refused 'w': the force is not finite"):
        driver.write(np.array([np.nan]))
    with pytest.raises(DriverError, match="refused 'w': unpack requires a buffer of 4 bytes"):
        driver.write(np.array([0.0, 0.0]))
    driver.close()


@pytest.mark.parametrize(
    ("observes", "sentence"),
    [
        ([VELOCITY, JOINT], "channel 0 is 'o joint velocity rad/s' here, but 'o joint rad' on the device"),
        ([JOINT], "channel 1 is 'a torque N m' here, but 'o joint velocity rad/s' on the device"),
        ([JOINT, {**VELOCITY, "unit": "turn/s"}], "channel 1 is 'o joint velocity turn/s' here"),
    ],
)
def test_a_robots_file_that_does_not_fit_the_device_is_refused(
    observes: list[dict[str, object]], sentence: str, rig: RunningRig
) -> None:
    other = rig.driver(observes=observes, accepts=[TORQUE])
    with pytest.raises(DriverError, match=sentence):
        other.connect()
    driver = rig.driver()
    driver.connect()  # the other one has let go of the port
    driver.close()


def test_before_it_is_connected_every_verb_that_needs_a_device_says_so(rig: RunningRig) -> None:
    driver = rig.driver()
    assert [channel.name for channel in driver.observes] == ["joint", "joint velocity"]
    with pytest.raises(DriverError, match="is not connected"):
        driver.read()
