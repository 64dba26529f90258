"""The discriminator of inverse reinforcement learning: it recovers a reward, and scores each rollout by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tutelage import Message, Node
from tutelage.files.appended_rows import AppendedRows
from tutelage.finite import FINITE, check_all
from tutelage.input.settings import chosen
from tutelage.learning.airl import AIRL, Settings
from tutelage.learning.budget import budget as derived
from tutelage.learning.draws import generator
from tutelage.learning.rollout import Demonstrations, Gatherer, Spaces
from tutelage.messages import Demonstration, Metrics, RewardModel, Score, Transition, Weights, Withdrawal
from tutelage.tasks.task import Env, Task
from tutelage.tensors import packed, unpacked


class AIRLDiscriminator(Node):
    """Learns a reward of the state from each rollout, by the weights that collected it; then it scores the rollout.

    Demonstrations must not be subsampled: it needs the state that followed each of theirs.
    """

    hears = (Transition, Demonstration, Weights)
    may_hear = (Withdrawal,)
    says = (Score, RewardModel, Metrics)
    keeps = ("airl", "memory", "demonstrations", "gathered", "policy")

    def __init__(
        self,
        env: Env,
        rollout_steps: int = 64,
        budget: int | list[int] = 0,
        seed: int = 0,
        settings: dict[str, Any] | None = None,
    ) -> None:
        spaces = Spaces(*Task(env).spaces[:3])
        self.seed, self.rollout_steps, self.budget = seed, rollout_steps, derived(budget, spaces)
        self.airl = AIRL(spaces, seed, chosen(Settings, settings))
        self.memory = AppendedRows(self.airl.memory, "memory", lambda: self.beside)
        self.demonstrations = Demonstrations()
        self.gathered = Gatherer()
        self.policy = b""  # the file of the weights that collect the running rollout

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Weights):
            self.policy = message.tensors.tobytes()
        elif isinstance(message, Demonstration):
            message.check(len(self.demonstrations))
            self.demonstrations.add(message)
        elif isinstance(message, Withdrawal):
            del self.demonstrations[message.of(self.demonstrations.since)]
        elif isinstance(message, Transition) and self.gathered.add(message) == self.rollout_steps:
            yield from self._learn(message.rollout, message.step + 1)

    def _learn(self, rollout: int, step: int) -> Iterator[Message]:
        if not self.demonstrations:
            raise RuntimeError("there are no demonstrations to learn from: check that the teleoperator publishes some")
        place, steps = f"rollout {rollout}", self.gathered.rollout()
        policy = unpacked(f"{place}, weights", self.policy)
        draw = generator(self.seed, "discriminator", rollout)
        progress = self.budget.progress(rollout * steps.log_prob.size)
        metrics = self.airl.update(self.demonstrations, steps, policy, draw, progress)
        check_all(place, metrics | self.airl.adam.state(), FINITE)
        yield Score(rollout, step, *self.airl.score(steps, policy), enough=False)
        yield RewardModel(rollout, step, packed(f"{place}, reward model", self.airl.tensors()))
        yield Metrics(rollout, step, values=metrics)
