"""The judge: which transitions look like the expert's, and what each is therefore worth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from tutelage import Message, Node
from tutelage.finite import FINITE, check_all
from tutelage.input.settings import chosen
from tutelage.learning import rewards
from tutelage.learning.budget import budget as derived
from tutelage.learning.draws import generator
from tutelage.learning.gail import Discriminator as Judge
from tutelage.learning.gail import Settings
from tutelage.learning.rollout import Demonstration as Example
from tutelage.learning.rollout import Demonstrations, Gatherer, Rollout, Spaces
from tutelage.messages import Demonstration, Metrics, Score, Transition, Withdrawal
from tutelage.tasks.task import Env, Task

CHANCE_ROLLOUTS = 5


class Discriminator(Node):
    """Learns to tell demonstrations from the policy's transitions, a rollout at a time, then scores that rollout.

    It calls it enough when both its accuracies, means of CHANCE_ROLLOUTS, are within `chance` of one half (0: never).
    """

    hears = (Transition, Demonstration)
    may_hear = (Withdrawal,)
    says: ClassVar[tuple[type[Message], ...]] = (Score, Metrics)
    keeps = ("judge", "examples", "since", "gathered", "accuracies")

    def __init__(
        self,
        env: Env,
        rollout_steps: int = 64,
        budget: int = 0,
        seed: int = 0,
        reward: Literal["logit", "note", "log_d", "fairl"] = "logit",
        chance: float = 0.0,
        settings: dict[str, Any] | None = None,
    ) -> None:
        spaces = Spaces(*Task(env).spaces[:3])
        self.seed, self.rollout_steps, self.budget = (
            seed,
            rollout_steps,
            derived(budget, spaces),
        )
        self.reward = rewards.FORMS[reward]
        self.judge = Judge(spaces, seed, chosen(Settings, settings))
        self.examples = Demonstrations()
        self.since: list[int] = []  # the rollout from which each of them counts
        self.gathered = Gatherer()
        self.accuracies: list[list[float]] = []  # of the last rollouts: on the expert's pairs, on the policy's
        self.chance = chance

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Demonstration):
            message.check(len(self.since))
            self.examples.append(Example(message.observation, message.action, message.terminated, message.truncated))
            self.since.append(message.rollout)
        elif isinstance(message, Withdrawal):
            self._unlearn(message)
        elif isinstance(message, Transition) and self.gathered.add(message) == self.rollout_steps:
            yield from self._judge(message.rollout, message.step + 1)

    def _unlearn(self, message: Withdrawal) -> None:
        """Forgets the last demonstrations before this rollout; the judge goes on from what it is now."""
        withdrawn = message.of(self.since)
        for kept in (self.examples, self.since):
            del kept[withdrawn]

    def _judge(self, rollout: int, step: int) -> Iterator[Message]:
        if not self.examples:
            raise RuntimeError("there are no demonstrations to imitate: check that the teleoperator says some")
        steps = self.gathered.rollout()
        draw, progress = generator(self.seed, "discriminator", rollout), rollout * steps.log_prob.size / self.budget
        metrics = self.judge.update(self.examples, steps, draw, progress)
        check_all(f"rollout {rollout}", metrics | self.judge.adam.state(), FINITE)
        yield self._verdict(rollout, step, steps, metrics)
        yield Metrics(rollout, step, values=metrics)

    def _verdict(self, rollout: int, step: int, steps: Rollout, metrics: dict[str, float]) -> Message:
        logit, absorbing_logit = self.judge.score(steps)
        absorbing_reward = self.reward(absorbing_logit) * self.judge.settings.absorbing
        return Score(
            rollout,
            step,
            reward=self.reward(logit).numpy(),
            absorbing_reward=absorbing_reward.numpy(),
            enough=self._at_chance(metrics),
        )

    def _at_chance(self, metrics: dict[str, float]) -> bool:
        self.accuracies.append([metrics["discriminator/accuracy_expert"], metrics["discriminator/accuracy_policy"]])
        self.accuracies = self.accuracies[-CHANCE_ROLLOUTS:]
        means = [sum(side) / len(side) for side in zip(*self.accuracies, strict=True)]
        return (
            bool(self.chance)
            and len(self.accuracies) == CHANCE_ROLLOUTS
            and all(abs(mean - 0.5) <= self.chance for mean in means)
        )
