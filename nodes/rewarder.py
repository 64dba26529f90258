"""The environment's own reward as the score, to train experts. No imitation learner uses it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tutelage import Message, Node
from tutelage.messages import Reward, Score


class Rewarder(Node):
    """Collects the rewards of a rollout and publishes them as its score. The absorbing state's reward is zero."""

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
