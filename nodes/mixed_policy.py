"""DAgger's mixture: the operator acts in a share of the steps that falls as the policy learns. Runs without torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from tutelage import Message
from tutelage.input.problems import Problem, Refusal
from tutelage.learning.draws import generator
from tutelage.messages import Action, Observation
from tutelage.nodes.policy import Policy
from tutelage.tasks.playing import answers
from tutelage.tasks.task import Env, Task
from tutelage.teaching.operators import law


class MixedPolicy(Policy):
    """A policy in whose place the operator acts, in each step with probability `beta` ** version of the weights.

    Version 0 has learned nothing, so the operator acts in all of its steps. With `beta` 0 it acts in no others: the
    form without a parameter of Ross et al. 2011 (arXiv 1011.0686). `operator` is as in `Labeller`.
    """

    inherits: ClassVar[dict[str, str]] = {"operator": "weights.safetensors"}

    def __init__(
        self, env: Env, seed: int = 0, greedy: bool = False, operator: str = "scripted", beta: float = 0.0
    ) -> None:
        super().__init__(seed, greedy)
        if not 0 <= beta <= 1:
            raise Refusal([Problem("beta", f"is {beta:g}, but must be a share from 0 to 1")])
        self.task, self.beta = Task(env), beta
        self.law = law(operator, self.task)

    def hear(self, message: Message) -> Iterator[Message]:
        for answer in super().hear(message):
            assert isinstance(message, Observation) and isinstance(answer, Action)
            yield self._mixed(message, answer)

    def _mixed(self, observed: Observation, answer: Action) -> Action:
        """The policy's answer, in some environments replaced by the operator's, whose log-probability counts as 0."""
        rollout, step, action, log_prob = observed.rollout, observed.step, answer.action.copy(), answer.log_prob.copy()
        draw = generator(self.seed, "policy", "mixture", rollout, step)
        operated = draw.random(len(action)) < self.beta**self.version
        if operated.any():
            action[operated] = answers(self.law, self.task, observed.observation[operated])
            log_prob[operated] = 0
        return Action(rollout, step, action=action, log_prob=log_prob, policy_version=self.version)
