"""Whether takes are worth learning from: their returns beside those of random actions.

A learner imitates whatever is kept; docs/teleoperation.md has what it learned from poor, middling and good takes.
"""

from __future__ import annotations

from functools import cached_property
from itertools import islice

import numpy as np

from tutelage.invocation import program
from tutelage.learning.draws import generator
from tutelage.tasks.playing import episode
from tutelage.tasks.task import Task

EPISODES, MOST_STEPS = 20, 2000
"""Random actions are tried in so many episodes, of so many steps at most."""

FEW = 5
"""From fewer takes behaviour cloning learns more than GAIL (docs/teleoperation.md)."""


class Worth:
    """Judges the takes of a task by their returns."""

    def __init__(self, task: Task) -> None:
        self.task = task

    @cached_property
    def at_random(self) -> float:
        """The highest return of EPISODES episodes of random actions."""
        environment = self.task.make()
        draws = generator(0, "random actions")
        low, high = self.task.spaces.low, self.task.spaces.high

        def law(observation: np.ndarray) -> int | np.ndarray:
            discrete = self.task.spaces.discrete
            return int(draws.integers(self.task.spaces.action)) if discrete else draws.uniform(low, high)

        tried = (islice(episode(environment, law, seed), MOST_STEPS) for seed in range(EPISODES))
        highest = max(sum(step.reward for step in steps) for steps in tried)
        environment.close()
        return highest

    def warning(self, episode_return: float) -> str:
        """What to say when a take is kept; empty if it is worth learning from."""
        if episode_return > self.at_random:
            return ""
        return f"no better than random actions, which reach {self.at_random:.1f}: undo it, or do better"

    def summary(self, kept: dict[int, float], run: str) -> str:
        """A line with the returns of the kept takes; two more if some (by number) are not worth learning from."""
        returns = f"{len(kept)} kept, returns {min(kept.values()):.1f} to {max(kept.values()):.1f}"
        poor = [str(take) for take, reached in kept.items() if self.warning(reached)]
        if not poor:
            return returns
        beside = f"random actions reach {self.at_random:.1f}, takes {', '.join(poor)} no more"
        return f"{returns}\n{beside}\ndiscard them: {program()} demos discard {run} {' '.join(poor)}"
