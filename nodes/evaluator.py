"""Returns of the policy in environments of its own, on seeds that nothing else uses. Nobody learns from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from safetensors.numpy import load

from learning.acting import Tensors, act, to_bounds
from learning.draws import generator
from messages import Evaluation, Weights
from tutelage import Message, Node
from tutelage.task import Task

INTERRUPTED_EPISODES = 10


class Evaluator(Node):
    """Evaluates the final weights over `episodes` episodes, greedy and sampled; others every `every` versions, if asked."""

    hears = (Weights,)
    says = (Evaluation,)

    def __init__(self, env: str, episodes: int = 100, every: int = 0, every_episodes: int = 20, seed: int = 0,
                 env_arguments: dict[str, Any] | None = None, wrappers: list[str] | None = None) -> None:  # fmt: skip
        self.task = Task(env, env_arguments or {}, tuple(wrappers or ()))
        self.spaces = self.task.spaces
        self.seed, self.episodes, self.every, self.every_episodes = seed, episodes, every, every_episodes
        self.evaluated = 0

    def hear(self, message: Message) -> Iterator[Message]:
        assert isinstance(message, Weights)
        due = self.every and message.policy_version >= self.evaluated + self.every
        if message.final or due:
            self.evaluated = message.policy_version
            count = self.episodes if message.final else self.every_episodes
            tensors = load(message.tensors.tobytes())
            greedy, sampled = (returns(self.task, tensors, count, self.seed, sample) for sample in (False, True))
            yield Evaluation(message.rollout, 0, message.policy_version, message.environment_steps, greedy, sampled,
                             message.final)  # fmt: skip

    def interrupt(self) -> None:
        self.episodes = min(self.episodes, INTERRUPTED_EPISODES)

    def state(self) -> dict[str, Any]:
        return {"evaluated": self.evaluated}

    def load(self, state: dict[str, Any]) -> None:
        self.evaluated = state["evaluated"]


def returns(task: Task, tensors: Tensors, episodes: int, seed: int, sample: bool) -> np.ndarray:
    """Return of each of so many whole episodes, all played at once: float64 [episodes]."""
    vector, spaces = task.make_vector(episodes), task.spaces
    draws = generator(seed, "evaluator", "action") if sample else None
    seeds = generator(seed, "evaluator", "episodes").integers(2**31, size=episodes)
    observation, _ = vector.reset(seed=[int(s) for s in seeds])
    total, running = np.zeros(episodes), np.ones(episodes, bool)
    while running.any():
        action, _ = act(tensors, observation.astype(np.float32), draws)
        if spaces.low is not None and spaces.high is not None:
            action = to_bounds(action, spaces.low, spaces.high)
        observation, reward, terminated, truncated, _ = vector.step(action)
        total += reward * running
        running &= ~(terminated | truncated)
        if (terminated | truncated).any() and running.any():  # an environment that is over must be reset to be stepped
            over = terminated | truncated
            vector.reset(seed=[0 if o else None for o in over], options={"reset_mask": over})
    vector.close()
    return total
