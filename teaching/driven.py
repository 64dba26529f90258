"""The episode that an operator drives, made of the applied actions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from tutelage.memory import Memory
from tutelage.message import FOREVER
from tutelage.messages import Observation, Reward, Take, Transition
from tutelage.teaching.session import Verdict


class Driven(Memory):
    """Observations, actions and rewards since the episode began, as the simulator or the robot reported them.

    Attributes:
        first: the rollout from which its transitions count; FOREVER while unknown.
        begun: whether the episode was requested, or has begun by itself.
    """

    keeps = ("first", "begun", "rows", "rewards", "terminated", "truncated", "captured", "applied")

    def __init__(self, captured: Sequence[int] = ()) -> None:
        self.first = FOREVER
        self.begun = False
        self.rows: list[list[Any]] = []  # of each step: observation, action, next observation [1, ...]; their times
        self.rewards: list[float] = []
        self.terminated = self.truncated = False
        self.captured = [*captured]  # of the last observation: rollout, step, when it came in ns
        self.applied: list[int] = []  # of the last answer: the same

    @property
    def length(self) -> int:
        return len(self.rows)

    @property
    def over(self) -> bool:
        return self.terminated or self.truncated

    @property
    def episode_return(self) -> float:
        return float(sum(self.rewards[: self.length]))

    def saw(self, message: Observation) -> None:
        """Notes when an observation came."""
        self.captured = [message.rollout, message.step, time.monotonic_ns()]

    def acted(self, message: Observation) -> None:
        """Notes when an observation was answered."""
        self.applied = [message.rollout, message.step, time.monotonic_ns()]

    def add(self, message: Transition) -> bool:
        """Adds some steps; returns whether the episode ended with them.

        A robot may still be in the previous episode: that ends when this one begins.
        """
        if self.first == FOREVER and self.begun and (message.terminated[-1, 0] or message.truncated[-1, 0]):
            self.first = message.rollout + 1
        for i in range(len(message.action)):
            if message.rollout < self.first or self.over:
                return False
            at, now = [message.rollout, message.step - len(message.action) + 1 + i], time.monotonic_ns()
            times = [known[2] if known[:2] == at else now for known in (self.captured, self.applied)]
            step = [message.observation[i], message.action[i], message.next_observation[i]]
            self.rows.append([*step, *times, now])
            self.terminated, self.truncated = bool(message.terminated[i, 0]), bool(message.truncated[i, 0])
        return self.over

    def earned(self, message: Reward) -> None:
        """Adds the reward of some steps, which comes before their transition."""
        if message.rollout >= self.first and not self.over:
            self.rewards += [float(one) for one in message.reward[:, 0]]

    def take(self, number: int, verdict: Verdict, operator: str, device: str, seed: int) -> Take:
        """The episode as a message. An episode that the operator cut off counts as truncated."""
        observation, action, following, captured, applied, after = zip(*self.rows, strict=True)
        reward = [*self.rewards, *[0.0] * self.length][: self.length]
        return Take(
            self.first,
            0,
            take=number,
            verdict=verdict,
            observation=np.concatenate([*observation, following[-1]]),
            action=np.concatenate(action),
            reward=np.array(reward, np.float32),
            terminated=self.terminated,
            truncated=self.truncated or not self.terminated,
            captured=np.array([*captured, after[-1]]),
            applied=np.array(applied),
            operator=operator,
            device=device,
            seed=seed,
        )
