"""The judge: which transitions look like the expert's, and what each is therefore worth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from learning import rewards
from learning.draws import generator
from learning.gail import Discriminator as Judge
from learning.gail import Settings
from learning.rollout import Demonstration as Example
from learning.rollout import Spaces
from messages import Demonstration, Metrics, Score, Transition
from nodes.rollout import Gatherer
from tutelage import Message, Node
from tutelage.task import Task


class Discriminator(Node):
    """Learns to tell demonstrations from the policy's transitions, a rollout at a time, then scores that rollout."""

    hears = (Transition, Demonstration)
    says = (Score, Metrics)

    def __init__(
        self,
        env: str,
        rollout_steps: int = 64,
        seed: int = 0,
        env_arguments: dict[str, Any] | None = None,
        wrappers: list[str] | None = None,
        reward: Literal["logit", "note", "log_d", "fairl"] = "logit",
        settings: dict[str, Any] | None = None,
    ) -> None:
        spaces = Task(env, env_arguments or {}, tuple(wrappers or ())).spaces
        self.seed, self.rollout_steps = seed, rollout_steps
        self.reward = rewards.FORMS[reward]
        self.judge = Judge(
            Spaces(spaces.observation, spaces.action, spaces.discrete), seed, Settings(**(settings or {}))
        )
        self.examples: list[Example] = []
        self.gathered = Gatherer()

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Demonstration):
            self.examples.append(Example(message.observation, message.action, message.terminated, message.truncated))
        elif isinstance(message, Transition) and self.gathered.add(message) == self.rollout_steps:
            yield from self._judge(message.rollout)

    def _judge(self, rollout: int) -> Iterator[Message]:
        if not self.examples:
            raise RuntimeError("there are no demonstrations to imitate: check that the teleoperator says some")
        steps = self.gathered.rollout()
        metrics = self.judge.update(self.examples, steps, generator(self.seed, "discriminator", rollout))
        logit, absorbing_logit = self.judge.score(steps)
        yield Score(
            rollout,
            self.rollout_steps,
            self.reward(logit).numpy(),
            self.reward(absorbing_logit).numpy(),
            metrics["discriminator/accuracy_expert"],
            metrics["discriminator/accuracy_policy"],
        )
        yield Metrics(rollout, self.rollout_steps, metrics)

    def state(self) -> dict[str, Any]:
        return {
            "judge": self.judge.state(),
            "examples": [list(example) for example in self.examples],
            "gathered": self.gathered.state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        self.judge.load(state["judge"])
        self.examples = [Example(*example) for example in state["examples"]]
        self.gathered.load(state["gathered"])
