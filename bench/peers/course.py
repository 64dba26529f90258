"""What a peer's learning says on its way, for bench/peers.py: rows of JSON, until its processor seconds are spent."""

import json
import time
from collections.abc import Callable

import gymnasium as gym
import numpy as np

EVALUATIONS, EPISODES, LAST_EPISODES = 10, 10, 50

Act = Callable[[np.ndarray], np.ndarray]
"""The likeliest action for an observation [O]."""


class Spent(Exception):
    """The processor seconds are spent: learning ends."""


class Course:
    """Evaluates ten times within `seconds` of processor time, and at their end. Evaluation does not count."""

    def __init__(self, env: str, act: Act, seconds: float) -> None:
        self.env, self.act, self.seconds = gym.make(env), act, seconds
        self.due, self.began = 0.0, time.process_time()

    def after(self, steps: int) -> None:
        """To be called after each round of learning.

        Raises:
            Spent: it was the last one.
        """
        begun = time.process_time()
        spent = begun - self.began
        if spent < self.due:
            return
        last = spent >= self.seconds
        found = np.mean([self._episode(seed) for seed in range(LAST_EPISODES if last else EPISODES)])
        print(json.dumps({"steps": int(steps), "seconds": round(spent, 2), "return": float(found)}), flush=True)
        if last:
            raise Spent
        self.due += self.seconds / EVALUATIONS
        self.began += time.process_time() - begun

    def _episode(self, seed: int) -> float:
        observation, _ = self.env.reset(seed=seed)
        ended, total = False, 0.0
        while not ended:
            observation, reward, terminated, truncated, _ = self.env.step(self.act(observation))
            ended, total = terminated or truncated, total + float(reward)
        return total
