"""The learners' base, and the on-policy one: scored rollouts to new weights, by proximal policy optimisation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from tutelage import Message, Node, Ranges
from tutelage.finite import FINITE, check, check_all
from tutelage.input.problems import Problem, Refusal
from tutelage.input.settings import chosen
from tutelage.learning import ppo
from tutelage.learning.budget import budget as derived
from tutelage.learning.draws import generator
from tutelage.learning.rollout import RolloutBuffer
from tutelage.learning.schedule import Schedule
from tutelage.learning.update import Update
from tutelage.messages import Enough, Metrics, Score, Transition, Weights
from tutelage.tasks.finished_run import fitting
from tutelage.tasks.task import Env, Task
from tutelage.tensors import packed


class ScheduledLearner(Node):
    """Base of the learners: publishes weights by its schedule, the first ones before anything is learned.

    Attributes:
        algorithm: the mathematics: `tensors()` gives the weights.
    """

    may_hear: ClassVar[tuple[type[Message], ...]] = (Enough,)
    obeys = (Enough,)
    says: ClassVar[tuple[type[Message], ...]] = (Weights, Metrics)
    interruptible = True
    algorithm: Any
    schedule: Schedule

    def start(self) -> Iterator[Message]:
        for rollout in self.schedule.first_rollouts:
            yield self._weights(rollout)

    def _learned(
        self, rollout: int, step: int, steps: int, metrics: dict[str, float], **more: float
    ) -> Iterator[Message]:
        """Publishes what was learned from a rollout of so many environment steps, which ended before `step`."""
        yield self._weights(self.schedule.learned_from(rollout, steps))
        yield Metrics(rollout, step, values=metrics | self.schedule.metrics() | more)
        self.done = self.schedule.over  # an evaluator that may ask for the end waits for ours

    def _weights(self, rollout: int) -> Message:
        now = self.schedule
        tensors = packed(f"weights of version {now.version}", self.algorithm.tensors())
        return Weights(rollout, 0, now.version, tensors, now.steps, now.stop, now.over)

    @property
    def ending(self) -> bool:
        return self.schedule.ending

    def interrupt(self) -> None:
        self.schedule.enough = True


class PPOLearner(ScheduledLearner):
    """Trains on rollout k when its score has come, and publishes the weights for rollout k + 1 + lag.

    `budget` is in environment steps (0: derived from the task). `policy` is the folder of a run whose final weights it
    starts from.
    """

    hears: ClassVar[tuple[type[Message], ...]] = (Transition, Score)
    keeps: ClassVar[tuple[str, ...]] = ("algorithm", "gathered", "schedule")
    Settings = ppo.Settings
    steerable: ClassVar[Ranges] = {
        **{"learning_rate": (0, 1), "clip": (0.01, 1)},
        **{"entropy_weight": (0, 1), "continuous_entropy_weight": (0, 1)},
    }
    inherits: ClassVar[dict[str, str]] = {"policy": "weights.safetensors"}
    scored: list[Any]  # of the score that it learns from: rollout, step, size, and the mean reward

    def __init__(
        self,
        env: Env,
        seed: int = 0,
        lag: int = 1,
        budget: int | list[int] = 0,
        policy: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        task = Task(env)
        spaces = task.spaces.without_bounds
        self.seed, self.schedule = seed, Schedule(derived(budget, spaces), lag)
        self.algorithm = ppo.PPO(spaces, seed, chosen(ppo.Settings, settings))
        if policy:
            self._begin_with(policy, task)
        self.gathered = RolloutBuffer()

    def _begin_with(self, run: str, task: Task) -> None:
        try:
            self.algorithm.begin_with(fitting(Path(run), task))
        except ValueError as error:
            raise Refusal([Problem(run, f"does not fit the policy that learns here: {error}")]) from error

    def steer(self, setting: str, value: float) -> None:
        self.algorithm.settings = replace(self.algorithm.settings, **{setting: value})

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Transition):
            self.gathered.add(message)
        elif isinstance(message, Enough):
            self.schedule.enough = True
        elif isinstance(message, Score):
            self.schedule.enough |= message.enough
            self.scored = [message.rollout, message.step, message.reward.size, float(message.reward.mean())]
            yield from self._learn(self._begun(message))

    def _begun(self, score: Score) -> Update:
        place = f"rollout {score.rollout}"
        check(place, "reward", score.reward, FINITE, rows="step")
        check(place, "absorbing_reward", score.absorbing_reward, FINITE, rows="step")
        return self.algorithm.begin(
            self.gathered.rollout(),
            score.reward,
            score.absorbing_reward,
            generator(self.seed, "learner", score.rollout),
            self.schedule.progress,
        )

    def _learn(self, update: Update) -> Iterator[Message]:
        while update.minibatches:
            self.algorithm.step(update, *self.algorithm.gradient(update))
        yield from self._finished(update)

    def _finished(self, update: Update) -> Iterator[Message]:
        rollout, step, steps, mean = self.scored
        metrics = update.metrics(ppo.METRICS)
        check_all(f"rollout {rollout}", metrics | self.algorithm.state(), FINITE)
        yield from self._learned(rollout, step, steps, metrics, **{"rollout/imitation_reward_mean": mean})


Learner = PPOLearner  # its name in recordings and run folders of earlier versions
