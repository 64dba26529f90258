"""CartPole-v1: push a cart to the left or to the right so that the pole on it stays upright."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tutelage.tasks.entry import Known
from tutelage.tasks.keys import Keys
from tutelage.tasks.pictures import column, dotted
from tutelage.tasks.robot_task import RobotTask, Vector


def cart_pole(observation: np.ndarray) -> int:
    """A linear quadratic regulator; its force is rounded to one of the two forces."""
    gain = np.array([1.0, 1.6, 18.0, 3.2])  # position, speed, angle, angular speed
    return int(gain @ observation > 0)


def picture(observation: np.ndarray, width: int) -> list[str]:
    """The track from -2.4 to 2.4, the cart on it, and the pole, its angle drawn three times as large as it is."""
    position, _, angle, _ = map(float, observation)
    cart = column(position, 2.4, width)
    pole = [dotted(width, cart + 2.2 * n * math.tan(3 * angle), "o") for n in (4, 3, 2, 1)]
    return [*pole, dotted(width, cart, "#"), "|" + "-" * (width - 2) + "|"]


class CartPole(RobotTask):
    """Pushes of one strength, to either side."""

    env = "CartPole-v1"
    observes = ("cart", "cart velocity", "pole", "pole velocity")
    accepts = ("force",)

    def __init__(self) -> None:
        super().__init__()
        simulated = self.simulated.unwrapped
        self.forces = np.array([-simulated.force_mag, simulated.force_mag])
        self.bounds = np.array([simulated.x_threshold, simulated.theta_threshold_radians])

    def observe(self, readings: Vector) -> NDArray[np.float32]:
        return readings.astype(np.float32)

    def command(self, action: np.ndarray) -> Vector:
        index = action.shape == (1,) and np.issubdtype(action.dtype, np.integer) and action[0] in (0, 1)
        return self.forces[action] if index else np.full(1, np.nan)

    def action(self, command: Vector) -> np.ndarray:
        return np.asarray(np.abs(self.forces - command).argmin())

    def terminated(self, observation: NDArray[np.float32]) -> bool:
        return bool((np.abs(observation[[0, 2]]) > self.bounds).any())

    def ready(self, observation: NDArray[np.float32]) -> bool:
        """Nearly upright, nearly in the middle, nearly at rest."""
        return bool((np.abs(observation) < [0.25, 0.3, 0.05, 0.3]).all())

    def reward(self, observation: NDArray[np.float32], command: Vector) -> float:
        return 1.0


CART_POLE = Known(law=cart_pole, keys=Keys({"left": 0, "right": 1}), picture=picture, robot_task=CartPole)
