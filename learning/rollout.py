"""Training data: rollouts of the policy and demonstrations of the expert, both without the environment's reward.

Shapes: T steps, N environments, O observation numbers, A action numbers; time comes first.
Actions: discrete ones are int64 indices [T, N]; continuous ones are float32 [T, N, A] in the frame where
the task's bounds are -1 and 1, as the policy drew them (the task clips them when it applies them).
"""

from typing import Any, NamedTuple

import numpy as np


class Spaces(NamedTuple):
    """The observations and actions of a task."""

    observation: int
    """numbers in an observation"""
    action: int
    """choices of a discrete action, or numbers in a continuous one"""
    discrete: bool


class Rollout(NamedTuple):
    """T steps in N environments, by one version of the policy."""

    observation: np.ndarray  # float32 [T, N, O]
    action: np.ndarray  # int64 [T, N] or float32 [T, N, A]
    next_observation: np.ndarray  # float32 [T, N, O]; an episode's true last one, never the next one's first
    log_prob: np.ndarray  # float32 [T, N], of the action, under the policy that drew it
    terminated: np.ndarray  # bool [T, N]: the task is over (the pole fell, the goal was reached)
    truncated: np.ndarray  # bool [T, N]: a time limit ended it


class Demonstration(NamedTuple):
    """One episode of the expert, of L steps."""

    observation: np.ndarray  # float32 [L + 1, O]; the last one is where the episode ended
    action: np.ndarray  # int64 [L] or float32 [L, A]
    terminated: bool
    truncated: bool
    rollout: int = 0  # it counts from this rollout on


class Demonstrations(list[Demonstration]):
    """The demonstrations so far."""

    @property
    def since(self) -> list[int]:
        """The rollout from which each of them counts."""
        return [demonstration.rollout for demonstration in self]

    def add(self, shown: Any) -> None:
        """Adds an object with a Demonstration's fields, for example the message of that name."""
        self.append(Demonstration(*(getattr(shown, name) for name in Demonstration._fields)))

    def state(self) -> list[Any]:
        return [list(demonstration) for demonstration in self]

    def load(self, state: list[Any]) -> None:
        self[:] = [Demonstration(*parts) for parts in state]


class RolloutBuffer:
    """The steps of the running rollout, as they come."""

    def __init__(self) -> None:
        self._parts: list[list[np.ndarray]] = []

    def add(self, part: Any) -> int:
        """Adds the steps of an object with a Rollout's fields, for example a Transition; returns their number."""
        self._parts.append([getattr(part, name) for name in Rollout._fields])
        return sum(len(arrays[0]) for arrays in self._parts)

    def rollout(self) -> Rollout:
        """Returns the gathered rollout, time first, and starts anew."""
        columns = zip(*self._parts, strict=True)
        self._parts = []
        return Rollout(*(arrays[0] if len(arrays) == 1 else np.concatenate(arrays) for arrays in columns))

    def state(self) -> list[Any]:
        return self._parts

    def load(self, state: list[Any]) -> None:
        self._parts = list(state)
