"""Which version of the weights comes when, and when a run ends."""

from collections.abc import Sequence

from tutelage.learning.budget import Budget


class Schedule:
    """Training on rollout k makes version k + 1; rollout k is collected with version max(0, k - lag).

    So `lag` + 1 rollouts are collected with version 0. A run ends when its environment steps, those under way
    included, reach `budget`, or earlier when `enough` is set.

    Attributes:
        version: rollouts that were learned from.
        steps: environment steps that were learned from.
        enough: no further rollout is wanted.
        last: the version that the run ends with; None until it is known.
    """

    def __init__(self, budget: Budget, lag: int) -> None:
        self.budget, self.lag = budget, lag
        self.version = self.steps = 0
        self.enough = False
        self.last: int | None = None

    @property
    def first_rollouts(self) -> range:
        """The rollouts that are collected before anything is learned."""
        return range(self.lag + 1)

    @property
    def progress(self) -> float:
        """Share of the budget that was learned from, from 0 to 1."""
        return self.budget.progress(self.steps)

    @property
    def stop(self) -> bool:
        """Whether no further rollout is to be collected."""
        return self.last is not None

    @property
    def ending(self) -> bool:
        """Whether the next rollout is the last that the budget allows to begin."""
        following = self.version + 1 + self.lag
        return not self.stop and self.version > 0 and following * self.steps >= self.budget * self.version

    @property
    def over(self) -> bool:
        """Whether this version is the last."""
        return self.version == self.last

    def learned_from(self, rollout: int, steps: int) -> int:
        """Counts a rollout of so many steps; returns the number of the rollout that the new version collects."""
        self.version += 1
        self.steps += steps
        following = rollout + 1 + self.lag
        if self.last is None and (self.enough or following * steps >= self.budget):
            self.last = following
        return following

    def metrics(self) -> dict[str, float]:
        return {"time/total_timesteps": float(self.steps), "time/budget": float(self.budget.part(self.steps))}

    def state(self) -> Sequence[int | bool | None]:
        return [self.version, self.steps, self.enough, self.last]

    def load(self, state: Sequence[int | bool | None]) -> None:
        self.version, self.steps, self.enough, self.last = state  # type: ignore[assignment]
