"""Transitions, one message a step, gathered into the rollout that the mathematics takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from learning.rollout import Rollout
from messages import Transition


class Gatherer:
    """The steps of the running rollout."""

    def __init__(self) -> None:
        self._steps: list[list[np.ndarray]] = []

    def add(self, step: Transition) -> int:
        """Takes one step; how many there are."""
        self._steps.append(
            [step.observation, step.action, step.next_observation, step.log_prob, step.terminated, step.truncated]
        )
        return len(self._steps)

    def rollout(self) -> Rollout:
        """What was gathered, time first; begins anew."""
        columns = zip(*self._steps, strict=True)
        self._steps = []
        return Rollout(*map(np.stack, columns))

    def state(self) -> list[Any]:
        return self._steps

    def load(self, state: list[Any]) -> None:
        self._steps = list(state)
