"""The discriminator: which transitions look like the expert's, and so what each is worth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar, Literal

from numpy.random import Generator

from tutelage import Message, Node
from tutelage.files import durable
from tutelage.files.appended_rows import AppendedRows
from tutelage.files.rows import naming
from tutelage.files.weights import DISCRIMINATOR
from tutelage.finite import FINITE, check_all
from tutelage.input.problems import Problem, Refusal
from tutelage.input.settings import chosen, told_once
from tutelage.learning import gail, rewards
from tutelage.learning.budget import OFF_POLICY, ON_POLICY, ROLLOUT_STEPS, Budgets
from tutelage.learning.budget import budget as derived
from tutelage.learning.draws import generator
from tutelage.learning.rollout import Demonstrations, Rollout, RolloutBuffer
from tutelage.messages import Demonstration, Metrics, RewardModel, Score, Transition, Withdrawal
from tutelage.tasks.task import Env, Task
from tutelage.tensors import packed

CHANCE_ROLLOUTS = 5


class Discriminator(Node):
    """Learns to tell demonstrations from the policy's transitions, rollout by rollout, and scores each rollout.

    `absorbing`, `subsample` and `state_only` are settings of it, which launch files have as arguments of their own.
    It has `enough` when both its accuracies, means of CHANCE_ROLLOUTS, are within `chance` of one half (0: never).
    """

    hears: ClassVar[tuple[type[Message], ...]] = (Transition, Demonstration)
    may_hear = (Withdrawal,)
    says: ClassVar[tuple[type[Message], ...]] = (Score, Metrics)
    keeps: ClassVar[tuple[str, ...]] = ("discriminator", "memory", "demonstrations", "gathered", "accuracies")

    steerable = {"learning_rate": (0, 1), "penalty_weight": (0, 9), "continuous_penalty_weight": (0, 9)}
    Algorithm: ClassVar[Any] = gail.Discriminator
    Settings: ClassVar[type[Any]] = gail.Settings
    budgets: ClassVar[Budgets] = ON_POLICY
    leaves: ClassVar[str] = DISCRIMINATOR  # in the run's folder; by it `demos list` scores demonstrations

    def __init__(
        self,
        env: Env,
        rollout_steps: int = 64,
        budget: int | list[int] = 0,
        seed: int = 0,
        reward: Literal["logit", "note", "log_d", "fairl"] = "logit",
        chance: float = 0.0,
        absorbing: bool | None = None,
        subsample: int | None = None,
        state_only: bool | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        spaces = Task(env).spaces.without_bounds
        self.seed, self.rollout_steps, self.budget = seed, rollout_steps, derived(budget, spaces, self.budgets)
        self.reward, self.chance = rewards.FORMS[reward], chance
        told_once(settings, subsample=subsample, state_only=state_only)
        others = {"absorbing": absorbing, "subsample": subsample, "state_only": state_only, **(settings or {})}
        told = {name: value for name, value in others.items() if value is not None}
        self.discriminator = self.Algorithm(spaces, seed, chosen(self.Settings, told))
        self.memory: Any = self.discriminator.memory
        self.demonstrations = Demonstrations()
        self.gathered = RolloutBuffer()
        self.accuracies: list[list[float]] = []  # of the last rollouts: on the expert's pairs, on the policy's

    def steer(self, setting: str, value: float) -> None:
        self.discriminator.settings = replace(self.discriminator.settings, **{setting: value})

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Demonstration):
            message.check(len(self.demonstrations))
            self.demonstrations.add(message)
        elif isinstance(message, Withdrawal):  # the networks continue as they are
            del self.demonstrations[message.of(self.demonstrations.since)]
        elif isinstance(message, Transition) and self.gathered.add(message) == self.rollout_steps:
            yield from self._learn(message.rollout, message.step + 1)

    def _learn(self, rollout: int, step: int) -> Iterator[Message]:
        if not self.demonstrations:
            raise Refusal([Problem(self.name, "has no demonstrations: check that the teleoperator publishes some")])
        steps = self.gathered.rollout()
        draw = generator(self.seed, "discriminator", rollout)
        progress = self.budget.progress(rollout * steps.log_prob.size)
        metrics = self._update(steps, draw, progress)
        check_all(f"rollout {rollout}", metrics | self.discriminator.adam.state(), FINITE)
        yield from self._results(rollout, step, steps, metrics)
        yield Metrics(rollout, step, values=metrics)

    def _update(self, steps: Rollout, draw: Generator, progress: float) -> dict[str, float]:
        return self.discriminator.update(self.demonstrations, steps, draw, progress)

    def _results(self, rollout: int, step: int, steps: Rollout, metrics: dict[str, float]) -> Iterator[Message]:
        """The scores of this rollout."""
        logit, absorbing_logit = self.discriminator.score(steps)
        absorbing_reward = self.reward(absorbing_logit) * self.discriminator.settings.absorbing
        enough = self._at_chance(metrics)
        yield Score(rollout, step, self.reward(logit), absorbing_reward, enough)

    def finish(self) -> tuple[Message, ...]:
        if self.name and self.leaves and self.discriminator.adam.steps:  # outside of a run it leaves nothing
            path = self.run_dir / self.leaves
            with naming(path):
                durable.write(path, packed("discriminator", self.discriminator.tensors()).tobytes())
        return ()

    def _at_chance(self, metrics: dict[str, float]) -> bool:
        self.accuracies.append([metrics["discriminator/accuracy_expert"], metrics["discriminator/accuracy_policy"]])
        self.accuracies = self.accuracies[-CHANCE_ROLLOUTS:]
        means = [sum(side) / len(side) for side in zip(*self.accuracies, strict=True)]
        full = len(self.accuracies) == CHANCE_ROLLOUTS
        return bool(self.chance) and full and all(abs(mean - 0.5) <= self.chance for mean in means)


class RewardDiscriminator(Discriminator):
    """Learns in the same way, with the settings of DAC, and publishes its weights after each rollout.

    An off-policy learner computes by them the reward of each batch that it samples.
    """

    says = (RewardModel, Metrics)
    Settings = gail.OffPolicySettings
    steerable = {"learning_rate": (0, 1), "interpolated_penalty_weight": (0.001, 1000)}
    budgets = OFF_POLICY

    def __init__(
        self,
        env: Env,
        rollout_steps: int = ROLLOUT_STEPS,
        budget: int | list[int] = 0,
        seed: int = 0,
        subsample: int = 1,
        state_only: bool = False,
        settings: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            env, rollout_steps, budget, seed, subsample=subsample, state_only=state_only, settings=settings
        )
        self.memory = AppendedRows(self.discriminator.memory, "memory", lambda: self.beside)

    def _results(self, rollout: int, step: int, steps: Rollout, metrics: dict[str, float]) -> Iterator[Message]:
        """The weights by which rewards are computed from now on."""
        yield RewardModel(rollout, step, packed(f"rollout {rollout}, reward model", self.discriminator.tensors()))
