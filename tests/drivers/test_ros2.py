"""The ROS 2 driver, at a robot that is a real rclpy node, in an environment that has rclpy.

    python3 -m venv ros && ros/bin/pip install -e . ros-rclpy ros-std-msgs ros-sensor-msgs ros-rmw-fastrtps-cpp
    TUTELAGE_ROS2_PYTHON=$PWD/ros/bin/python pytest tests/drivers/test_ros2.py

Where the robot's own ROS 2 is sourced, TUTELAGE_ROS2_PYTHON=python3 does.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.parts.rigs import ROOT

PYTHON = os.environ.get("TUTELAGE_ROS2_PYTHON")
WHEELS = "-e . ros-rclpy ros-std-msgs ros-sensor-msgs ros-rmw-fastrtps-cpp"
pytestmark = pytest.mark.skipif(
    not PYTHON,
    reason=f"no rclpy: python3 -m venv ros && ros/bin/pip install {WHEELS}, TUTELAGE_ROS2_PYTHON=ros/bin/python",
)

DRIVER = """
import json, sys, time
import numpy as np
from tutelage.drivers.driver import DriverError
from drivers.ros2 import Ros2

def channel(name, joint, field):
    return {"name": name, "unit": "", "low": -99, "high": 99, "joint": joint, "field": field}

observes = [channel(*one) for one in (("x", "cart", "position"), ("v", "cart", "velocity"), ("a", "pole", "position"), ("w", "pole", "velocity"), ("f", "cart", "effort"))]
accepts = [{"name": "force", "unit": "N", "low": -10, "high": 10}]
driver = Ros2(observes, accepts, place="place", connect_seconds=20.0, silent_seconds=1.0)

def reading():
    return driver.read().values.tolist()

def until(true):
    while not true(values := reading()):
        time.sleep(0.01)
    return values

def failure(verb, *arguments):
    try:
        verb(*arguments)
    except DriverError as error:
        return str(error)
"""

BALANCE = """
driver.connect()
hanging = reading()
gain = np.array([1.5, 2.4, 27.0, 4.8])
for _ in range(5):  # a computer that is too busy may let it fall
    driver.place(3)
    until(lambda values: abs(values[2]) < 0.1)
    before, angles = time.monotonic_ns(), []
    for _ in range(100):
        read = driver.read()
        angles.append(abs(read.values[2]))
        driver.write(np.array([np.clip(gain @ read.values[:4], -10, 10)]))
        time.sleep(0.02)
    if max(angles) < 0.2:
        break
driver.stop()
stopped = until(lambda values: values[4] == 0)
fresh = before < read.captured < time.monotonic_ns()
driver.close()
driver.stop()
print(json.dumps({"hanging": hanging, "angle": max(angles), "fresh": fresh, "closed": failure(driver.read)}))
"""

LOST = """
driver.connect()
print("connected", flush=True)
sys.stdin.readline()
time.sleep(1.5)
print(json.dumps(failure(driver.read)))
"""

FAILING = """
driver.connect()
driver._context.shutdown()  # as another library in this process may do
verbs = [(driver.read,), (driver.write, np.zeros(1)), (driver.stop,), (driver.place, 1), (driver.close,)]
said = [failure(*verb) for verb in verbs]
driver.close()
odd = Ros2(observes, accepts, commands="no topic at all")
print(json.dumps([*said, failure(odd.connect)]))
"""

NOBODY = """
driver = Ros2(observes, accepts, states="nowhere", connect_seconds=0.5)
nobody = failure(driver.connect)
driver = Ros2([channel("x", "arm", "position")], accepts, connect_seconds=20.0, silent_seconds=1.0)
driver.connect()
print(json.dumps([nobody, failure(driver.read)]))
"""


def environment() -> dict[str, str]:
    """A ROS 2 of this test's own: nobody else hears its topics."""
    return {**os.environ, "ROS_DOMAIN_ID": str(1 + os.getpid() % 100), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}


def started(*arguments: str) -> subprocess.Popen[str]:
    pipes: Any = {"stdout": subprocess.PIPE, "stdin": subprocess.PIPE, "text": True}
    return subprocess.Popen([str(PYTHON), *arguments], cwd=ROOT, env=environment(), **pipes)


@pytest.fixture
def robot() -> Iterator[subprocess.Popen[str]]:
    with started("-m", "tutelage.drivers.rig.ros2_robot", "cartpole") as robot:
        assert robot.stdout and robot.stdout.readline() == "ready\n"
        yield robot
        robot.kill()


def test_it_balances_the_robot_and_stops_it(robot: subprocess.Popen[str]) -> None:
    done = json.loads(started("-c", DRIVER + BALANCE).communicate(timeout=100)[0])
    assert done["hanging"][2] == pytest.approx(3.1416, abs=1e-3)
    assert done["angle"] < 0.2
    assert done["fresh"]
    assert done["closed"] == "joint_states: is not connected"


def test_a_robot_that_has_gone_silent_is_said(robot: subprocess.Popen[str]) -> None:
    with started("-c", DRIVER + LOST) as driver:
        assert driver.stdout and driver.stdout.readline() == "connected\n"
        robot.kill()
        said = json.loads(driver.communicate("gone\n", timeout=60)[0])
    assert said == "joint_states: no joint state for 1000 ms: is the robot running?"


def test_what_ros_itself_throws_is_said_by_every_verb(robot: subprocess.Popen[str]) -> None:
    said = json.loads(started("-c", DRIVER + FAILING).communicate(timeout=60)[0])
    assert len(said) == 6
    assert all(one and one.startswith("joint_states: ROS 2 failed (") for one in said), said


def test_what_is_not_there_is_said(robot: subprocess.Popen[str]) -> None:
    nobody, joint = json.loads(started("-c", DRIVER + NOBODY).communicate(timeout=60)[0])
    assert nobody.startswith("nobody publishes nowhere: start the robot")
    assert joint == "joint_states: has no position of a joint 'arm', only of ['cart', 'pole']"
