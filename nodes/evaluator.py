"""Returns of the policy in environments of its own, on seeds that nothing else uses. Nobody learns from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from safetensors.numpy import load

from messages import Evaluation, Weights
from nodes.evaluation import returns
from tutelage import Message, Node
from tutelage.task import Env, Task

INTERRUPTED_EPISODES = 10


class Evaluator(Node):
    """Plays `episodes` episodes, greedy and sampled, with the final weights; and fewer every `every` versions."""

    hears = (Weights,)
    says = (Evaluation,)

    def __init__(
        self,
        env: Env,
        episodes: int = 100,
        every: int = 0,
        every_episodes: int = 20,
        seed: int = 0,
    ) -> None:
        self.task = Task(env)
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
            yield Evaluation(
                message.rollout, 0, message.policy_version, message.environment_steps, greedy, sampled, message.final
            )

    def interrupt(self) -> None:
        self.episodes = min(self.episodes, INTERRUPTED_EPISODES)

    def state(self) -> dict[str, Any]:
        return {"evaluated": self.evaluated}

    def load(self, state: dict[str, Any]) -> None:
        self.evaluated = state["evaluated"]
