"""A robot in ROS 2: it publishes sensor_msgs/JointState, and subscribes to std_msgs/Float64MultiArray on a topic.

    observes:
      - {name: cart, unit: m, low: -2.5, high: 2.5, joint: cart, field: position}
      - {name: cart velocity, unit: m/s, low: -20, high: 20, joint: cart, field: velocity}
    accepts:
      - {name: force, unit: N, low: -10, high: 10}

`rclpy` is the robot's own if its setup is sourced (docs/ros2.md). ROS 2 does not stop a robot when its commands stop:
its controller needs a timeout of its own.
"""

from __future__ import annotations

import math
import time
from contextlib import AbstractContextManager, ExitStack
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tutelage.drivers.channels import channels
from tutelage.drivers.driver import Channel, ClosingDriver, DriverError, Reading, failing
from tutelage.input.problems import Problem, Refusal


class JointChannel(NamedTuple):
    """A channel, and where it is in a joint state: `field` is position, velocity or effort."""

    name: str
    unit: str
    low: float
    high: float
    joint: str
    field: str


class Ros2(ClosingDriver):
    """A robot behind two topics.

    A state older than `silent_seconds` is an error. A stop sends the `rest` command, zeros if it is not given. If the
    robot has a routine for the start of an episode, it listens to `place` (std_msgs/UInt32, a seed).
    """

    needs = dict.fromkeys(
        ("rclpy", "sensor_msgs", "std_msgs"),
        "source the set-up of your ROS 2, or see docs/ros2.md for an environment with its wheels",
    )

    def __init__(
        self,
        observes: list[dict[str, Any]],
        accepts: list[dict[str, Any]],
        states: str = "joint_states",
        commands: str = "commands",
        place: str | None = None,
        rest: list[float] | None = None,
        silent_seconds: float = 0.1,
        connect_seconds: float = 5.0,
    ) -> None:
        self._observes = channels("observes", observes, JointChannel, {"field": ("position", "velocity", "effort")})
        self.observes = tuple(Channel(*channel[:4]) for channel in self._observes)
        self.accepts = tuple(channels("accepts", accepts, Channel))
        self._states, self._commands, self._places = states, commands, place
        self._rest = [0.0] * len(self.accepts) if rest is None else rest
        if len(self._rest) != len(self.accepts) or not all(map(_accepts, self.accepts, self._rest)):
            what = f"must be a number within its range for each channel that it accepts, but is {self._rest}"
            raise Refusal([Problem("rest", what)])
        self._silent_seconds, self._connect_seconds = silent_seconds, connect_seconds
        self._context: Any = None
        self._opened = ExitStack()
        self._newest: tuple[Any, int] | None = None

    def _open(self) -> None:
        with self._failing():
            import rclpy
            from rclpy.executors import SingleThreadedExecutor
            from rclpy.qos import QoSProfile, ReliabilityPolicy
            from sensor_msgs.msg import JointState
            from std_msgs.msg import Float64MultiArray, UInt32
        self._command, self._seed = Float64MultiArray, UInt32
        newest = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)  # fits reliable publishers, too
        with self._failing():
            self._context = rclpy.Context()
            rclpy.init(args=[], context=self._context)
            self._opened.callback(self._context.try_shutdown)
            node = rclpy.create_node("tutelage", context=self._context)
            self._opened.callback(node.destroy_node)
            node.create_subscription(JointState, self._states, self._heard, newest)
            self._publisher = node.create_publisher(Float64MultiArray, self._commands, 1)
            self._placer = node.create_publisher(UInt32, self._places, 1) if self._places else None
            self._executor = SingleThreadedExecutor(context=self._context)
            self._opened.callback(self._executor.shutdown)
            self._executor.add_node(node)
            self._meet()

    def read(self) -> Reading:
        self._connected()
        with self._failing():
            self._take_in(0.0)
        silent = 1000 * self._silent_seconds
        if self._newest is None or time.monotonic_ns() - self._newest[1] > 1e6 * silent:
            raise DriverError(f"{self._states}: no joint state for {silent:.0f} ms: is the robot running?")
        state, captured = self._newest
        return Reading(np.array([_value(state, channel, self._states) for channel in self._observes]), captured)

    def write(self, command: NDArray[np.float64]) -> NDArray[np.float64]:
        self._connected()
        with self._failing():
            self._publisher.publish(self._command(data=[float(number) for number in command]))
        return np.asarray(command, np.float64)

    def place(self, seed: int) -> None:
        """Moves the robot to where an episode begins, by its own routine.

        Raises:
            DriverError: it has none.
        """
        self.stop()
        if self._placer is None:
            raise DriverError(f"{self._states}: has no topic 'place': move the robot to its start by hand")
        with self._failing():
            self._placer.publish(self._seed(data=seed % 2**32))

    def stop(self) -> None:
        if self._context:
            self.write(np.array(self._rest))

    def _disconnect(self) -> None:
        self._context = self._newest = None
        with self._failing():
            self._opened.close()

    def _failing(self) -> AbstractContextManager[None]:
        """ROS 2's exceptions have no common base."""
        return failing(f"{self._states}: ROS 2 failed", "start this run again")

    def _connected(self) -> None:
        if self._context is None:
            raise DriverError(f"{self._states}: is not connected")

    def _meet(self) -> None:
        """Waits until the robot publishes and subscribes."""
        until = time.monotonic() + self._connect_seconds
        while self._newest is None or not self._publisher.get_subscription_count():
            if time.monotonic() > until:
                missing = f"subscribes to {self._commands}" if self._newest else f"publishes {self._states}"
                raise DriverError(f"nobody {missing}: start the robot, and compare its ROS_DOMAIN_ID with this one's")
            self._take_in(0.05)

    def _take_in(self, seconds: float) -> None:
        """Takes the newest state: the queue holds one."""
        before = None
        while before is not self._newest or seconds:
            before = self._newest
            self._executor.spin_once(timeout_sec=seconds)
            seconds = 0.0

    def _heard(self, state: Any, about: dict[str, Any]) -> None:
        """Keeps a state, with when it arrived on the monotonic clock; ROS 2 says that on the wall clock."""
        age = time.time_ns() - about["received_timestamp"]
        self._newest = state, time.monotonic_ns() - (age if 0 <= age < 1e9 else 0)  # otherwise the wall clock was set


def _accepts(channel: Channel, number: float) -> bool:
    return math.isfinite(number) and channel.low <= number <= channel.high


def _value(state: Any, channel: JointChannel, topic: str) -> float:
    values = getattr(state, channel.field)
    place = list(state.name).index(channel.joint) if channel.joint in state.name else len(values)
    if place >= len(values):
        raise DriverError(f"{topic}: has no {channel.field} of a joint '{channel.joint}', only of {list(state.name)}")
    return float(values[place])
