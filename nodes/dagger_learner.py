"""Dataset aggregation (DAgger): the policy is cloned from the operator's labels of what it met itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tutelage import Message
from tutelage.finite import FINITE, check_all
from tutelage.input.problems import Problem, Refusal
from tutelage.input.settings import chosen
from tutelage.learning.bc import BC, Settings
from tutelage.learning.budget import LABELLED
from tutelage.learning.budget import budget as derived
from tutelage.learning.draws import generator
from tutelage.learning.schedule import Schedule
from tutelage.messages import Demonstration, Enough, Labels
from tutelage.nodes.learner import ScheduledLearner
from tutelage.tasks.task import Env, Task


class DAggerLearner(ScheduledLearner):
    """Clones all labels so far, in `epochs_each` epochs a rollout, and publishes the weights for rollout k + 1 + lag.

    Ross et al. 2011, arXiv 1011.0686. `budget` is in environment steps, each of which is labelled once (0: derived from
    the task). Demonstrations, if there are any, come before the first rollout and are cloned with the labels. The
    learning rate falls within the epochs of each rollout, not over the run: each policy must be good enough to act.
    """

    hears = (Labels,)
    may_hear = (Demonstration, Enough)
    keeps = ("algorithm", "schedule")

    def __init__(
        self,
        env: Env,
        seed: int = 0,
        lag: int = 0,
        budget: int | list[int] = 0,
        epochs_each: int = 8,
        settings: dict[str, Any] | None = None,
    ) -> None:
        spaces = Task(env).spaces.without_bounds
        self.seed, self.schedule = seed, Schedule(derived(budget, spaces, LABELLED), lag)
        self.epochs_each = epochs_each
        try:
            self.algorithm = BC(spaces, seed, chosen(Settings, settings))
        except ValueError as error:
            raise Refusal([Problem("settings", str(error))]) from error

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Demonstration):
            message.check(len(self.algorithm.demonstrations))
            self.algorithm.add(message)
        elif isinstance(message, Enough):
            self.schedule.enough = True
        elif isinstance(message, Labels):
            steps, environments, numbers = message.observation.shape
            action = message.action.reshape(steps * environments, *message.action.shape[2:])
            self.algorithm.label(message.observation.reshape(-1, numbers), action)
            yield from self._learned(message.rollout, message.step, steps * environments, self._learn(message.rollout))

    def _learn(self, rollout: int) -> dict[str, float]:
        draw = generator(self.seed, "learner", rollout)
        for epoch in range(self.epochs_each):
            metrics = self.algorithm.epoch(draw, epoch / self.epochs_each)
        check_all(f"rollout {rollout}", metrics | self.algorithm.adam.state(), FINITE)
        return metrics | {"dagger/labels": float(self.algorithm.pairs)}
