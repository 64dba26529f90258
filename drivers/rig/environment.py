"""CartPole-v1's task on machines that are each a little different: a policy that learns here balances the rig.

    tutelage launch ppo.yaml env:=drivers.rig.environment:randomised_cart_pole

Domain randomisation (Tobin et al. 2017; of dynamics, Peng et al. 2018): each episode draws the delays, friction and
errors of its machine, evenly from RANGES; encoders, velocity by difference and the force's steps are as on the rig.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete

from tutelage.drivers.rig.machine import Imperfections, Machine, MotorCommand
from tutelage.drivers.rig.plants import CartPole

PERIOD_SECONDS = 0.02
ANGLE_LIMIT, POSITION_LIMIT = 12 * np.pi / 180, 2.4
RANGES = {
    "command_delay": (0.0, 0.02),
    "reading_delay": (0.0, 0.016),
    "friction": (0.0, 0.1),
    "length_error": (-0.2, 0.2),
    "mass_error": (-0.2, 0.2),
}


class RandomisedCartPole(gymnasium.Env[np.ndarray, np.int64]):
    """Observes cart (m), its velocity, pole (rad), its velocity; pushes left (0) or right (1) with all its force."""

    observation_space = Box(-np.inf, np.inf, (4,), np.float32)
    action_space = Discrete(2)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        drawn = {name: self.np_random.uniform(low, high) for name, (low, high) in RANGES.items()}
        imperfections = Imperfections(**drawn)
        plant = CartPole(1 + imperfections.length_error, 1 + imperfections.mass_error)
        self.machine, self.time = Machine(plant, imperfections, 0.0), 0.0
        self.machine.place(int(self.np_random.integers(2**31)))
        return self._observation(), {}

    def step(self, action: np.int64) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        self.machine.command(MotorCommand("current", 1.0 if action else -1.0), self.time)
        self.time += PERIOD_SECONDS
        self.machine.advance(self.time)
        observation = self._observation()
        failed = bool(abs(observation[0]) > POSITION_LIMIT or abs(observation[2]) > ANGLE_LIMIT)
        return observation, 1.0, failed, False, {}

    def _observation(self) -> np.ndarray:
        reading, counts = self.machine.read(), self.machine.imperfections.encoder_counts
        cart, pole = self.machine.plant.axes
        position, angle = reading.counts
        speed, turn = reading.speeds
        return np.array(
            [
                position / counts / cart.turns_per_unit,
                speed / counts / cart.turns_per_unit,
                (angle / counts - pole.zero_turns) / pole.turns_per_unit,
                turn / counts / pole.turns_per_unit,
            ],
            np.float32,
        )


def randomised_cart_pole() -> gymnasium.Env[Any, Any]:
    """The task, for 500 steps an episode."""
    return gymnasium.wrappers.TimeLimit(RandomisedCartPole(), 500)
