"""A task on a robot: what its readings mean, what an action commands, when an episode begins and ends.

Each robot task names the gymnasium environment that is the same task in simulation, and takes its numbers from there:
a policy cannot tell the two apart.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from tutelage.tasks.task import Task, time_limit

Vector = NDArray[np.float64]


class RobotTask(ABC):
    """A task on a robot.

    Attributes:
        env: the gymnasium environment that is the same task in simulation.
        observes, accepts: the driver's channels that the task needs, by name; vectors below are in this order.
        episode_steps: the time limit of an episode; by default the simulation's, 0 if that has none.
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
        """An action of the messages, an index [1] or numbers in -1..1 [action], to a command; NaN if it is invalid."""

    @abstractmethod
    def action(self, command: Vector) -> np.ndarray:
        """The action whose command is nearest to this one, an index [] or numbers [action]: the applied action."""

    def terminated(self, observation: NDArray[np.float32]) -> bool:
        """Whether this observation ends the episode."""
        return False

    def ready(self, observation: NDArray[np.float32]) -> bool:
        """Whether an episode can begin with this observation."""
        return True

    def reward(self, observation: NDArray[np.float32], command: Vector) -> float:
        """The environment's reward for this step. No imitation learner receives it."""
        return 0.0
