"""Scored rollouts to new weights: proximal policy optimisation on whatever reward the scores say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from safetensors.numpy import save

from tutelage import Message, Node
from tutelage.finite import FINITE, check, check_all
from tutelage.input.problems import Problem, Refusal
from tutelage.input.settings import chosen
from tutelage.learning.budget import budget as derived
from tutelage.learning.draws import generator
from tutelage.learning.ppo import PPO, Settings
from tutelage.learning.rollout import Gatherer, Spaces
from tutelage.messages import Enough, Metrics, Score, Transition, Weights
from tutelage.tasks.finished_run import weights_of
from tutelage.tasks.task import Env, Task


class Learner(Node):
    """Trains on rollout k when its score is there, and says the weights for rollout k + 1 + lag.

    So it says `lag` + 1 weights before it has learnt anything. It owns the end of the run: when `budget` environment
    steps are under way (0: derived from the task), the weights it says ask for no further rollout. It goes on from the
    final weights of another run, if it is told the folder of one as `policy`.
    """

    hears = (Transition, Score)
    may_hear = (Enough,)
    says = (Weights, Metrics)
    interruptible = True
    keeps = ("ppo", "gathered", "version", "steps", "last", "enough")
    inherits: ClassVar[dict[str, str]] = {"policy": "weights.safetensors"}

    def __init__(
        self,
        env: Env,
        seed: int = 0,
        lag: int = 1,
        budget: int = 0,
        policy: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        spaces = Spaces(*Task(env).spaces[:3])
        self.seed, self.lag, self.budget = seed, lag, derived(budget, spaces)
        self.ppo = PPO(spaces, seed, chosen(Settings, settings))
        if policy:
            self._begin_with(policy)
        self.gathered = Gatherer()
        self.version = 0
        self.steps = 0
        self.last: int | None = None  # the version that the run ends with, once it is known
        self.enough = False  # no further rollout is wanted

    def _begin_with(self, run: str) -> None:
        try:
            self.ppo.begin_with(weights_of(Path(run)))
        except ValueError as error:
            raise Refusal([Problem("policy", f"is none for this task: {error}")]) from error

    def start(self) -> Iterator[Message]:
        for rollout in range(self.lag + 1):
            yield self._weights(rollout)

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Transition):
            self.gathered.add(message)
        elif isinstance(message, Enough):
            self.enough = True
        elif isinstance(message, Score):
            metrics = self._learn(message)
            self._consider_the_end(message)
            yield self._weights(message.rollout + 1 + self.lag)
            yield Metrics(message.rollout, message.step, values=metrics)
            self.done = self.version == self.last  # an evaluator that may ask for the end waits for ours

    def _learn(self, score: Score) -> dict[str, float]:
        place = f"rollout {score.rollout}"
        check(place, "reward", score.reward, FINITE, rows="step")
        check(place, "absorbing_reward", score.absorbing_reward, FINITE, rows="step")
        metrics = self.ppo.update(
            self.gathered.rollout(),
            score.reward,
            score.absorbing_reward,
            generator(self.seed, "learner", score.rollout),
            self.steps / self.budget,
        )
        check_all(place, metrics | self.ppo.state(), FINITE)
        self.version += 1
        self.steps += score.reward.size
        return metrics | {
            "time/total_timesteps": float(self.steps),
            "time/budget": float(self.budget),
            "rollout/imitation_reward_mean": float(score.reward.mean()),
        }

    def _consider_the_end(self, score: Score) -> None:
        following = score.rollout + 1 + self.lag
        self.enough = self.enough or score.enough
        if self.last is None and (self.enough or following * score.reward.size >= self.budget):
            self.last = following

    def _weights(self, rollout: int) -> Message:
        tensors = self.ppo.tensors()
        check_all(f"weights of version {self.version}", tensors)
        return Weights(
            rollout,
            0,
            policy_version=self.version,
            tensors=np.frombuffer(save(tensors), np.uint8),
            environment_steps=self.steps,
            stop=self.last is not None,
            final=self.version == self.last,
        )

    def interrupt(self) -> None:
        self.enough = True
