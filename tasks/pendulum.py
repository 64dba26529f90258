"""Pendulum-v1: swing a pendulum up by a torque, and hold it there. Angle 0 is upright."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tutelage.tasks.entry import Known
from tutelage.tasks.keys import Keys
from tutelage.tasks.robot_task import RobotTask, Vector


def pendulum(observation: np.ndarray) -> np.ndarray:
    """Swings up by energy (Astrom and Furuta 2000), and holds the top by a linear law of angle and speed."""
    cosine, sine, speed = map(float, observation)
    energy = 0.5 * speed**2 + 15 * (cosine - 1)  # over that of rest at the top, by the moment of inertia
    swing = -energy * (speed or 1.0)
    hold = -12 * math.atan2(sine, cosine) - 3 * speed
    return np.array([np.clip(hold if cosine > 0.9 else swing, -2, 2)], np.float32)


def picture(observation: np.ndarray, width: int) -> list[str]:
    """The pole around its pivot, up is up; the speed below it."""
    cosine, sine, speed = map(float, observation)
    rows = [[" "] * width for _ in range(9)]
    for part in np.linspace(0.2, 1.0, 8):
        rows[round(4 - 4 * part * cosine)][round(width / 2 - 8 * part * sine)] = "o"
    rows[4][width // 2] = "+"
    return [*("".join(row) for row in rows), f" speed {speed:+.1f}"]


class Pendulum(RobotTask):
    """A torque at the joint."""

    env = "Pendulum-v1"
    observes = ("joint", "joint velocity")
    accepts = ("torque",)

    def observe(self, readings: Vector) -> NDArray[np.float32]:
        angle, velocity = readings
        return np.array([np.cos(angle), np.sin(angle), velocity], np.float32)

    def command(self, action: np.ndarray) -> Vector:
        return self.task.spaces.to_task(np.asarray(action, np.float64)).astype(np.float64)

    def action(self, command: Vector) -> np.ndarray:
        return self.task.spaces.from_task(command)

    def reward(self, observation: NDArray[np.float32], command: Vector) -> float:
        cosine, sine, velocity = observation
        return float(-(np.arctan2(sine, cosine) ** 2 + 0.1 * velocity**2 + 0.001 * command[0] ** 2))


PENDULUM = Known(
    law=pendulum,
    keys=Keys({"left": [1], "right": [-1]}, rest=[0]),  # a positive torque turns it to the left
    axes=("-left_x",),
    picture=picture,
    robot_task=Pendulum,
)
