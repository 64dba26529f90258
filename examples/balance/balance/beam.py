"""A ball rolls on a beam that tilts to the left or to the right. Keep it from falling off."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete

STEP_SECONDS = 0.05
EPISODE_STEPS = 200
HALF_LENGTH = 0.5  # of the beam, m
TILT = 0.15  # rad
ROLLING = 9.81 * 5 / 7  # acceleration of a solid ball that rolls down a wall, m/s2


class Beam(gymnasium.Env[np.ndarray, Any]):
    """Observes the ball's place [m] and speed [m/s]; tilts to the left (0) or to the right (1).

    An episode ends when the ball falls off, or after 10 seconds. Gusts of wind push it by `gusts` [m/s] at each step.
    """

    observation_space = Box(-np.inf, np.inf, (2,), np.float32)
    action_space = Discrete(2)

    def __init__(self, gusts: float = 0.05) -> None:
        self.gusts = gusts

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self.place, self.speed = self.np_random.uniform(-0.3, 0.3, 2)
        self.steps = 0
        return self._observation(), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        tilt = TILT if action else -TILT
        self.speed += STEP_SECONDS * ROLLING * np.sin(tilt) + self.np_random.normal(0, self.gusts)
        self.place += STEP_SECONDS * self.speed
        self.steps += 1
        fallen = bool(abs(self.place) > HALF_LENGTH)
        return self._observation(), 1.0, fallen, self.steps >= EPISODE_STEPS and not fallen, {}

    def _observation(self) -> np.ndarray:
        return np.array([self.place, self.speed], np.float32)


def make(**arguments: Any) -> Beam:
    """What a launch file names as `balance.beam:make`."""
    return Beam(**arguments)
