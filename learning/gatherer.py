"""Transitions, some steps a message, gathered into the rollout that the mathematics takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tutelage.learning.rollout import Rollout
from tutelage.messages import Transition


class Gatherer:
    """The steps of the running rollout."""

    def __init__(self) -> None:
        self._parts: list[list[np.ndarray]] = []

    def add(self, some: Transition) -> int:
        """Takes some steps; how many there are now."""
        self._parts.append(
            [
                some.observation,
                some.action,
                some.next_observation,
                some.log_prob,
                some.terminated,
                some.truncated,
            ]
        )
        return sum(len(part[0]) for part in self._parts)

    def rollout(self) -> Rollout:
        """What was gathered, time first; begins anew."""
        columns = zip(*self._parts, strict=True)
        self._parts = []
        return Rollout(*(parts[0] if len(parts) == 1 else np.concatenate(parts) for parts in columns))

    def state(self) -> list[Any]:
        return self._parts

    def load(self, state: list[Any]) -> None:
        self._parts = list(state)
