"""What is no environment, one whose episodes have no end, and one that reuses its array."""

from typing import Any

import gymnasium
import numpy as np


def raising():
    raise ValueError("no licence")


def nothing():
    return None


def endless():
    return gymnasium.make("Pendulum-v1").unwrapped


class Counting(gymnasium.Env):
    """It counts four steps in the array that it returns, and says 0 or 1 where others say false or true."""

    metadata: Any = None
    observation_space = gymnasium.spaces.Box(0, 9, (2,))
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        self.counted = np.zeros(2, np.float32)
        return self.counted, {}

    def step(self, action):
        self.counted += 1
        return self.counted, 1, int(self.counted[0] == 4), 0, {}


class OfFiveParts:
    """It has all that an environment does, and not all that it is."""

    observation_space, action_space = Counting.observation_space, Counting.action_space
    reset, step = Counting.reset, Counting.step

    def close(self):
        pass


gymnasium.register("Odd-v0", entry_point="gymnasium.envs.classic_control:CartPoleEnv", max_episode_steps=9)
gymnasium.register("Unlimited-v0", entry_point="gymnasium.envs.classic_control:PendulumEnv")
