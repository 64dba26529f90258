"""The operator's answer to what the policy met: labels of each rollout. Runs without torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from tutelage import Message, Node
from tutelage.learning.rollout import RolloutBuffer
from tutelage.messages import Labels, Transition
from tutelage.tasks.playing import answers
from tutelage.tasks.task import Env, Task
from tutelage.teaching.operators import law


class Labeller(Node):
    """Publishes the operator's action for each observation of a rollout, whoever acted in it.

    `operator` is `scripted`, a function from observation to action (`package.module:function`), or the folder of a run:
    its policy.
    """

    hears = (Transition,)
    says = (Labels,)
    keeps = ("gathered",)
    inherits: ClassVar[dict[str, str]] = {"operator": "weights.safetensors"}

    def __init__(self, env: Env, rollout_steps: int = 32, operator: str = "scripted") -> None:
        self.task, self.rollout_steps = Task(env), rollout_steps
        self.law = law(operator, self.task)
        self.gathered = RolloutBuffer()

    def hear(self, message: Message) -> Iterator[Message]:
        if self.gathered.add(message) == self.rollout_steps:
            observation = self.gathered.rollout().observation
            action = answers(self.law, self.task, observation.reshape(-1, observation.shape[-1]))
            action = action.reshape(*observation.shape[:2], *action.shape[1:])
            yield Labels(message.rollout, message.step + 1, observation=observation, action=action)
