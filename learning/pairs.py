"""The discriminator's input: rows [rows, O + A + 1] of observation, action and an indicator.

An ordinary step: the observation, the action (one-hot, or continuous and clipped to -1..1), 0.
An absorbing state after a termination: the last observation, no action (zeros), 1. (A crash is not a landing.)
"""

from collections.abc import Sequence

import numpy as np

from tutelage.learning.rollout import Demonstration, Rollout, Spaces


class Pairs:
    """One side's examples and their weights: a step 1, an absorbing state `ending_weight`."""

    def __init__(self, steps: np.ndarray, endings: np.ndarray, ending_weight: float) -> None:
        self.rows = np.concatenate([steps, endings])
        self._cumulative = np.cumsum(np.repeat([1.0, ending_weight], [len(steps), len(endings)]))

    def sample(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Rows drawn in proportion to their weight, with replacement."""
        position = generator.random(count) * self._cumulative[-1]
        return self.rows[np.searchsorted(self._cumulative, position, side="right")]


def of_demonstrations(spaces: Spaces, demonstrations: Sequence[Demonstration], ending_weight: float) -> Pairs:
    """The expert's examples."""
    observation = np.concatenate([d.observation[:-1] for d in demonstrations])
    action = np.concatenate([d.action for d in demonstrations])
    endings = ending_rows(spaces, np.array([d.observation[-1] for d in demonstrations if d.terminated]))
    return Pairs(step_rows(spaces, observation, action), endings, ending_weight)


def of_rollout(spaces: Spaces, rollout: Rollout, ending_weight: float) -> Pairs:
    """The policy's examples."""
    endings = ending_rows(spaces, rollout.next_observation[rollout.terminated])
    return Pairs(step_rows(spaces, rollout.observation, rollout.action), endings, ending_weight)


def step_rows(spaces: Spaces, observation: np.ndarray, action: np.ndarray) -> np.ndarray:
    """Rows of ordinary steps, whatever their leading shape."""
    if spaces.discrete:
        action = np.eye(spaces.action, dtype=np.float32)[action.reshape(-1)]
    else:
        action = np.clip(action.reshape(-1, spaces.action), -1, 1)
    return _rows(observation.reshape(-1, spaces.observation), action, 0.0)


def ending_rows(spaces: Spaces, observation: np.ndarray) -> np.ndarray:
    """Rows of the absorbing states after these last observations, whatever their leading shape."""
    observation = observation.reshape(-1, spaces.observation)
    return _rows(observation, np.zeros((len(observation), spaces.action)), 1.0)


def _rows(observation: np.ndarray, action: np.ndarray, indicator: float) -> np.ndarray:
    return np.concatenate([observation, action, np.full((len(action), 1), indicator)], axis=1, dtype=np.float32)
