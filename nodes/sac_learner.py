"""The off-policy learner: rollouts to new weights by soft actor-critic, on a discriminator's reward."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from tutelage import Message, Ranges
from tutelage.files.appended_rows import AppendedRows
from tutelage.finite import FINITE, check_all
from tutelage.input.settings import chosen
from tutelage.learning import sac
from tutelage.learning.budget import OFF_POLICY, Budgets
from tutelage.learning.budget import budget as derived
from tutelage.learning.dac import DAC
from tutelage.learning.draws import generator
from tutelage.learning.off_policy import CAPACITY
from tutelage.learning.rollout import Demonstrations, Rollout, RolloutBuffer, Spaces
from tutelage.learning.schedule import Schedule
from tutelage.learning.state_only_dac import StateOnlyDAC
from tutelage.messages import Demonstration, Enough, RewardModel, Transition, Withdrawal
from tutelage.nodes.learner import ScheduledLearner
from tutelage.tasks.finished_run import fitting
from tutelage.tasks.task import Env, Task
from tutelage.tensors import unpacked


class SACLearner(ScheduledLearner):
    """Trains after rollout k on all rollouts so far, and publishes the weights for rollout k + 1 + lag.

    `budget` is in environment steps (0: derived from the task). The replay buffer keeps `replay` steps. `policy` is the
    folder of a run whose final policy collects the first steps, and of which the actor becomes a copy then. With
    `state_only` demonstrations have the change of the observation in the action's place.
    """

    hears: ClassVar[tuple[type[Message], ...]] = (Transition, RewardModel, Demonstration)
    may_hear: ClassVar[tuple[type[Message], ...]] = (Enough, Withdrawal)
    keeps = ("algorithm", "replay", "demonstrations", "gathered", "schedule")
    Settings: ClassVar[type[sac.Settings]] = sac.Settings
    budgets: ClassVar[Budgets] = OFF_POLICY
    steerable: ClassVar[Ranges] = {"learning_rate": (0, 1), "cloning_weight": (0, 99), "final_cloning_weight": (0, 99)}
    inherits: ClassVar[dict[str, str]] = {"policy": "weights.safetensors"}

    def __init__(
        self,
        env: Env,
        seed: int = 0,
        lag: int = 1,
        budget: int | list[int] = 0,
        reward: Literal["logit", "note", "log_d", "fairl"] = "note",
        replay: int = CAPACITY,
        policy: str | None = None,
        state_only: bool = False,
        settings: dict[str, Any] | None = None,
    ) -> None:
        task = Task(env)
        spaces = task.spaces.without_bounds
        self.state_only, self.seed = state_only, seed
        self.schedule = Schedule(derived(budget, spaces, self.budgets), lag)
        self.algorithm = self._algorithm(spaces, chosen(self.Settings, settings), replay, reward)
        if policy:
            self.algorithm.first_policy = fitting(Path(policy), task)
        self.replay = AppendedRows(self.algorithm.replay.ring, "replay", lambda: self.beside)
        self.demonstrations, self.gathered = Demonstrations(), RolloutBuffer()

    def _algorithm(self, spaces: Spaces, settings: sac.Settings, replay: int, reward: str) -> Any:
        kind = StateOnlyDAC if self.state_only else DAC
        return kind(spaces, self.seed, settings, reward, replay)

    def steer(self, setting: str, value: float) -> None:
        self.algorithm.sac.settings = replace(self.algorithm.sac.settings, **{setting: value})

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Transition):
            self.gathered.add(message)
        elif isinstance(message, Demonstration):
            message.check(len(self.demonstrations))
            self.demonstrations.add(message)
        elif isinstance(message, Withdrawal):
            del self.demonstrations[message.of(self.demonstrations.since)]
        elif isinstance(message, Enough):
            self.schedule.enough = True
        elif isinstance(message, RewardModel):
            model = unpacked(f"rollout {message.rollout}, reward model", message.tensors.tobytes())
            yield from self._learn(message.rollout, message.step, model)

    def _learn(self, rollout: int, step: int, *reward: Any) -> Iterator[Message]:
        steps = self.gathered.rollout()
        metrics = self._update(steps, *reward, generator(self.seed, "learner", rollout), self.schedule.progress)
        check_all(f"rollout {rollout}", metrics | self.algorithm.state(), FINITE)
        yield from self._learned(rollout, step, steps.terminated.size, metrics)

    def _update(self, steps: Rollout, *rest: Any) -> dict[str, float]:
        return self.algorithm.update(self.demonstrations, steps, *rest)
