"""The environment's own reward, where that is what shall be learned from: makes experts, imitates nobody."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tutelage import Message, Node
from tutelage.messages import Reward, Score


class Rewarder(Node):
    """Gathers the rewards of a rollout and says them as its score. What comes after a task's end is worth nothing."""

    hears = (Reward,)
    says = (Score,)
    keeps = ("rewards",)

    def __init__(self, rollout_steps: int = 64) -> None:
        self.rollout_steps = rollout_steps
        self.rewards: list[np.ndarray] = []

    def hear(self, message: Message) -> Iterator[Message]:
        assert isinstance(message, Reward)
        self.rewards.append(message.reward)
        if sum(map(len, self.rewards)) == self.rollout_steps:
            reward = np.concatenate(self.rewards)
            self.rewards = []
            yield Score(
                message.rollout, message.step + 1, reward=reward, absorbing_reward=np.zeros_like(reward), enough=False
            )
