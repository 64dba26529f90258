"""Whether takes are worth learning from: their returns beside those of random actions.

A learner imitates whatever is kept; docs/teleoperation.md has what was learned from bad, passable and good takes.
"""

from __future__ import annotations

from tutelage.invocation import program
from tutelage.tasks.playing import random_returns
from tutelage.tasks.task import Task

EPISODES = 20

FEW = 5
"""From fewer good takes behaviour cloning learns more than GAIL (docs/teleoperation.md)."""

NO_BETTER = f"no better than the best of {EPISODES} random episodes ({{:.1f}})"


class Worth:
    """Judges the takes of a task by their returns.

    Attributes:
        at_random: the highest return of EPISODES episodes of random actions.
        mean_at_random: their mean return.
    """

    def __init__(self, task: Task) -> None:
        found = random_returns(task, EPISODES)
        self.at_random, self.mean_at_random = max(found), sum(found) / len(found)

    def warning(self, episode_return: float) -> str:
        """What to say when a take is kept; empty if it is worth learning from."""
        if episode_return > self.at_random:
            return ""
        return f"{NO_BETTER.format(self.at_random)}: undo it"

    def good(self, kept: dict[int, float]) -> int:
        """How many of the kept takes are worth learning from."""
        return sum(not self.warning(reached) for reached in kept.values())

    def summary(self, kept: dict[int, float], run: str) -> str:
        """A line with the returns of the kept takes; two more if some (by number) are not worth learning from."""
        returns = f"{len(kept)} kept, returns {min(kept.values()):.1f} to {max(kept.values()):.1f}"
        poor = [str(take) for take, reached in kept.items() if self.warning(reached)]
        if not poor:
            return returns
        beside = f"takes {', '.join(poor)} are {NO_BETTER.format(self.at_random)}"
        return f"{returns}\n{beside}\ndiscard them: {program()} demos discard {run} {' '.join(poor)}"
