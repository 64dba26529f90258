"""MountainCar-v0 and MountainCarContinuous-v0: a car too weak for its hill gains speed in the valley, up to a flag."""

from __future__ import annotations

import math

import numpy as np

from tutelage.tasks.entry import Known
from tutelage.tasks.keys import Keys

_RIGHT, _LEFT = (steps.ravel() for steps in np.meshgrid(np.arange(0, 60, 4), np.arange(0, 60, 4), indexing="ij"))


def mountain_car(observation: np.ndarray) -> int:
    """Predictive control: the first push of the fastest plan to push right for a while, then left, then right."""
    position, velocity = (np.full(_RIGHT.shape, float(number)) for number in observation)
    for step in range(200):
        force = np.where((step >= _RIGHT) & (step < _RIGHT + _LEFT), -0.001, 0.001)
        velocity = np.clip(velocity + force - 0.0025 * np.cos(3 * position), -0.07, 0.07)
        position = position + velocity
        velocity = np.where(position <= -1.2, np.maximum(velocity, 0), velocity)
        if (position >= 0.5).any():
            break
    fastest = position.argmax()
    return 2 if _RIGHT[fastest] > 0 or _LEFT[fastest] == 0 else 0


def mountain_car_continuous(observation: np.ndarray) -> np.ndarray:
    """Half the force along the velocity: it always adds energy, and costs a quarter of what all the force would."""
    return np.array([0.5 if observation[1] >= 0 else -0.5], np.float32)


def picture(observation: np.ndarray, width: int) -> list[str]:
    """The valley from -1.2 to 0.6, the car in it, and the flag at 0.5."""
    rows = [[" "] * width for _ in range(7)]
    for at in range(width):
        rows[_depth(-1.2 + 1.8 * at / (width - 1))][at] = "."
    position = float(observation[0])
    flag, car = ((x + 1.2) / 1.8 * (width - 1) for x in (0.5, position))
    rows[max(0, _depth(0.5) - 1)][round(flag)] = "P"
    rows[_depth(position)][min(width - 1, max(0, round(car)))] = "#"
    return ["".join(row) for row in rows]


def _depth(x: float) -> int:
    """Row of the valley's ground, 0 on top."""
    return round(6 * (1 - math.sin(3 * x)) / 2)


MOUNTAIN_CAR = Known(law=mountain_car, keys=Keys({"left": 0, "down": 1, "right": 2}, rest=1), picture=picture)

MOUNTAIN_CAR_CONTINUOUS = Known(
    law=mountain_car_continuous, keys=Keys({"left": [-1], "right": [1]}, rest=[0]), picture=picture
)
