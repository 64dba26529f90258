"""A reward that is given: the environment's own, or one that an earlier run recovered. It imitates nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from tutelage import Message, Node
from tutelage.files.weights import REWARD
from tutelage.input.problems import Problem, Refusal
from tutelage.learning.recovered_reward import recovered_reward
from tutelage.learning.rollout import RolloutBuffer
from tutelage.messages import Reward, Score, Transition
from tutelage.tasks.finished_run import reward_of, unfit_reward
from tutelage.tasks.task import Env, Task


class Rewarder(Node):
    """Collects the rewards of a rollout and publishes them as its score. The absorbing state's reward is zero."""

    hears: ClassVar[tuple[type[Message], ...]] = (Reward,)
    says = (Score,)
    keeps: ClassVar[tuple[str, ...]] = ("rewards",)

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


class RecoveredRewarder(Node):
    """Scores a rollout by the reward that the run `reward` recovered (airl.yaml, iq.yaml)."""

    hears = (Transition,)
    says = (Score,)
    keeps = ("gathered",)
    inherits: ClassVar[dict[str, str]] = {"reward": REWARD}

    def __init__(self, reward: str, env: Env, rollout_steps: int = 64) -> None:
        self.rollout_steps, self.gathered = rollout_steps, RolloutBuffer()
        self.tensors = reward_of(Path(reward))
        if why := unfit_reward(self.tensors, Task(env)):
            raise Refusal([Problem("reward", why)])

    def hear(self, message: Message) -> Iterator[Message]:
        assert isinstance(message, Transition)
        if self.gathered.add(message) == self.rollout_steps:
            steps = self.gathered.rollout()
            reward, absorbing = recovered_reward(self.tensors, steps)
            yield Score(message.rollout, message.step + 1, reward, absorbing * steps.terminated, enough=False)
