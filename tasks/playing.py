"""Episodes of one environment, played by a control law or a policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tutelage.tasks.entry import Law


class Step(NamedTuple):
    """A step of an episode: observation [obs], action as the task takes it, and what came of it."""

    observation: np.ndarray
    action: int | np.ndarray
    reward: float
    following: np.ndarray
    terminated: bool
    truncated: bool


def episode(environment: Any, law: Law, seed: int | None = None) -> Iterator[Step]:
    """The steps of an episode, until it has ended. The caller closes the environment."""
    observation, _ = environment.reset(seed=seed)
    ended = False
    while not ended:
        action = law(observation)
        following, reward, terminated, truncated, _ = environment.step(action)
        yield Step(observation, action, float(reward), following, bool(terminated), bool(truncated))
        observation, ended = following, terminated or truncated


def observations(steps: list[Step]) -> np.ndarray:
    """All observations of an episode, the last one too: float32 [T + 1, obs]."""
    return np.array([*(step.observation for step in steps), steps[-1].following], np.float32)
