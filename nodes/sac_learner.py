"""The off-policy learner: rollouts and the discriminator's weights to new weights, by soft actor-critic (DAC)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from tutelage import Message, Node
from tutelage.files.appended_rows import AppendedRows
from tutelage.finite import FINITE, check_all
from tutelage.input.settings import chosen
from tutelage.learning.budget import OFF_POLICY
from tutelage.learning.budget import budget as derived
from tutelage.learning.dac import CAPACITY, DAC
from tutelage.learning.draws import generator
from tutelage.learning.rollout import Demonstrations, Gatherer, Rollout, Spaces
from tutelage.learning.sac import Settings
from tutelage.learning.schedule import Schedule
from tutelage.messages import Demonstration, Enough, Metrics, RewardModel, Transition, Weights, Withdrawal
from tutelage.tasks.task import Env, Task
from tutelage.tensors import packed, unpacked


class SACLearner(Node):
    """Trains after rollout k on all rollouts so far, and publishes the weights for rollout k + 1 + lag.

    `budget` is in environment steps (0: derived from the task). The replay buffer keeps `replay` steps.
    """

    hears = (Transition, RewardModel, Demonstration)
    may_hear = (Enough, Withdrawal)
    says = (Weights, Metrics)
    interruptible = True
    keeps = ("dac", "replay", "demonstrations", "gathered", "schedule")

    def __init__(
        self,
        env: Env,
        seed: int = 0,
        lag: int = 1,
        budget: int | list[int] = 0,
        reward: Literal["logit", "note", "log_d", "fairl"] = "note",
        replay: int = CAPACITY,
        settings: dict[str, Any] | None = None,
    ) -> None:
        spaces = Spaces(*Task(env).spaces[:3])
        self.seed, self.schedule = seed, Schedule(derived(budget, spaces, OFF_POLICY), lag)
        self.dac = DAC(spaces, seed, chosen(Settings, settings), reward, replay)
        self.replay = AppendedRows(self.dac.replay.ring, "replay", lambda: self.beside)
        self.demonstrations = Demonstrations()
        self.gathered = Gatherer()

    def start(self) -> Iterator[Message]:
        for rollout in self.schedule.first_rollouts:
            yield self._weights(rollout)

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
            rollout = self.gathered.rollout()
            metrics = self._learn(message, rollout)
            following = self.schedule.learned_from(message.rollout, rollout.terminated.size)
            yield self._weights(following)
            yield Metrics(message.rollout, message.step, values=metrics | self.schedule.metrics())
            self.done = self.schedule.over

    def _learn(self, model: RewardModel, rollout: Rollout) -> dict[str, float]:
        place = f"rollout {model.rollout}"
        reward_model = unpacked(f"{place}, reward model", model.tensors.tobytes())
        draw = generator(self.seed, "learner", model.rollout)
        metrics = self.dac.update(self.demonstrations, rollout, reward_model, draw, self.schedule.progress)
        check_all(place, metrics | self.dac.sac.state(), FINITE)
        return metrics

    def _weights(self, rollout: int) -> Message:
        now = self.schedule
        tensors = packed(f"weights of version {now.version}", self.dac.tensors())
        return Weights(rollout, 0, now.version, tensors, now.steps, now.stop, now.over)

    @property
    def ending(self) -> bool:
        return self.schedule.ending

    def interrupt(self) -> None:
        self.schedule.enough = True
