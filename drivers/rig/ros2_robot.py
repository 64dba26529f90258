"""The emulated machines as a ROS 2 robot (needs rclpy): python -m tutelage.drivers.rig.ros2_robot cartpole

It publishes `joint_states` (sensor_msgs/JointState) a hundred times a second, obeys `commands`
(std_msgs/Float64MultiArray: a force), and puts the machine where an episode begins on `place` (std_msgs/UInt32).
"""

from __future__ import annotations

import argparse
import math
import time
from typing import Any

from tutelage.drivers.rig.machine import Imperfections, Machine, MotorCommand, machine
from tutelage.drivers.rig.plants import PLANTS


class Robot:
    """A node around a machine."""

    def __init__(self, made: Machine) -> None:
        import rclpy
        from sensor_msgs.msg import JointState
        from std_msgs.msg import Float64MultiArray, UInt32

        self.machine = made
        self.node = rclpy.create_node("rig")
        self._state = JointState
        self._states = self.node.create_publisher(JointState, "joint_states", 1)
        self.node.create_subscription(Float64MultiArray, "commands", self._command, 1)
        self.node.create_subscription(UInt32, "place", self._place, 1)
        self.node.create_timer(0.01, self._publish)

    def _command(self, message: Any) -> None:
        now = time.monotonic()
        self.machine.advance(now)
        if len(message.data) != 1 or not math.isfinite(message.data[0]):
            self.node.get_logger().error(f"one finite force is needed, not {list(message.data)}")
            return
        self.machine.command(MotorCommand("current", message.data[0] / self.machine.plant.full_force), now)

    def _place(self, message: Any) -> None:
        self.machine.advance(time.monotonic())
        self.machine.place(message.data)

    def _publish(self) -> None:
        self.machine.advance(time.monotonic())
        reading, counts = self.machine.read(), self.machine.imperfections.encoder_counts
        axes = self.machine.plant.axes
        state = self._state(name=[axis.name for axis in axes])
        state.header.stamp = self.node.get_clock().now().to_msg()
        state.position = [
            (position / counts - axis.zero_turns) / axis.turns_per_unit
            for axis, position in zip(axes, reading.counts, strict=True)
        ]
        state.velocity = [
            speed / counts / axis.turns_per_unit for axis, speed in zip(axes, reading.speeds, strict=True)
        ]
        state.effort = [self.machine.force * self.machine.plant.full_force] + [0.0] * (len(axes) - 1)
        self._states.publish(state)


def main() -> None:
    import rclpy
    from rclpy.executors import ExternalShutdownException

    parser = argparse.ArgumentParser(prog="python -m tutelage.drivers.rig.ros2_robot")
    parser.add_argument("machine", choices=PLANTS)
    told = parser.parse_args()
    rclpy.init(args=[])
    robot = Robot(machine(PLANTS[told.machine], Imperfections(), time.monotonic()))
    print("ready", flush=True)
    try:
        rclpy.spin(robot.node)
    except (KeyboardInterrupt, ExternalShutdownException):
        return


if __name__ == "__main__":
    main()
