"""Tasks as a machine does them: what its readings mean, what an action commands, when an episode begins and ends.

Each stands beside the gymnasium environment that is the same task in simulation, and takes its numbers from there, so
that a policy cannot tell the two apart.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from tutelage.task import Task, time_limit

Vector = NDArray[np.float64]


class RobotTask(ABC):
    """A task on a machine.

    Attributes:
        env: the gymnasium environment that it is in simulation.
        observes, accepts: the driver's channels that it needs, by name; vectors below are in this order.
        episode_steps: after how many steps the clock ends an episode; by default as in simulation, 0 where that never
            does.
    """

    env: str
    observes: tuple[str, ...]
    accepts: tuple[str, ...]
    episode_steps: int = 0

    def __init__(self) -> None:
        self.task = Task(self.env)
        self.simulated = self.task.make()
        self.episode_steps = self.episode_steps or time_limit(self.simulated)

    @abstractmethod
    def observe(self, readings: Vector) -> NDArray[np.float32]:
        """Readings to the observation [obs]."""

    @abstractmethod
    def command(self, action: np.ndarray) -> Vector:
        """An action of the messages, an index [1] or numbers in -1..1 [action], to a command; NaN where it is none."""

    @abstractmethod
    def action(self, command: Vector) -> np.ndarray:
        """The action that commands this or comes nearest, an index [] or numbers [action]: what was really done."""

    def terminated(self, observation: NDArray[np.float32]) -> bool:
        """Whether the task has come to its end here."""
        return False

    def ready(self, observation: NDArray[np.float32]) -> bool:
        """Whether an episode can begin here."""
        return True

    def reward(self, observation: NDArray[np.float32], command: Vector) -> float:
        """What the environment would pay for this step. No imitation learner hears of it."""
        return 0.0


class CartPole(RobotTask):
    """CartPole-v1: a pole on a cart is kept upright by pushes of one strength to either side."""

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


class Pendulum(RobotTask):
    """Pendulum-v1: a pendulum is swung up and held there; angle 0 is upright."""

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


TASKS: dict[str, type[RobotTask]] = {"CartPole-v1": CartPole, "Pendulum-v1": Pendulum}
