"""Demonstrations from files, as an operator shows them: one episode after another.

An npz file has, per step and with the episodes one after another, `observations`, `actions`, `rewards`, `terminals` and
`truncations`; an episode ends where one of the last two is true, or by `episode_lengths`. `next_observations` holds the
true last observation of each episode; without it the last step only gives that observation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tutelage.problems import LaunchError, Problem
from tutelage.task import TaskSpaces


class Shown(NamedTuple):
    """One episode of an expert. Actions are as the task takes them."""

    observation: np.ndarray  # float32 [steps + 1, obs]
    action: np.ndarray  # int64 [steps] or float32 [steps, act]
    terminated: bool
    truncated: bool
    episode_return: float


def read(path: Path, spaces: TaskSpaces) -> list[Shown]:
    """All episodes of a file.

    Raises:
        LaunchError: what does not fit the task, with file, episode and step.
    """
    columns = _columns(path)
    ends = _ends(columns, path)
    starts = [0, *ends[:-1]]
    return [_episode(path, columns, i, slice(a, b), spaces) for i, (a, b) in enumerate(zip(starts, ends, strict=True))]


def subsampled(episode: Shown, every: int, offset: int) -> Shown:
    """Every so manieth pair of an episode, from `offset` on; its true last observation is kept."""
    kept = np.arange(offset, len(episode.action), every)
    observation = np.concatenate([episode.observation[kept], episode.observation[-1:]])
    return episode._replace(observation=observation, action=episode.action[kept])


def _columns(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            columns = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise LaunchError([Problem(path, f"cannot be read as npz: {error}")]) from error
    missing = {"observations", "actions", "rewards", "terminals", "truncations"} - columns.keys()
    if missing:
        raise LaunchError([Problem(path, f"has no {', '.join(sorted(missing))}")])
    return columns


def _ends(columns: dict[str, np.ndarray], path: Path) -> list[int]:
    """Where each episode ends: the step after its last."""
    if "episode_lengths" in columns:
        ends = np.cumsum(columns["episode_lengths"])
    else:
        ends = np.flatnonzero(columns["terminals"] | columns["truncations"]) + 1
    steps = len(columns["actions"])
    if not len(ends) or ends[-1] != steps:
        last = int(ends[-1]) if len(ends) else 0
        raise LaunchError([Problem(path, f"episode {len(ends)}, from step {last} on, does not end by step {steps}")])
    return [int(end) for end in ends]


def _episode(path: Path, columns: dict[str, np.ndarray], i: int, steps: slice, spaces: TaskSpaces) -> Shown:
    observation, action = columns["observations"][steps], columns["actions"][steps]
    for problem in _misfits(observation, action, spaces):
        raise LaunchError([Problem(path, f"episode {i}, {problem}")])
    terminated, truncated = bool(columns["terminals"][steps][-1]), bool(columns["truncations"][steps][-1])
    if "next_observations" in columns:
        observation = np.concatenate([observation, columns["next_observations"][steps][-1:]])
    else:
        action = action[:-1]
    return Shown(
        observation.astype(np.float32),
        action.astype(np.int64 if spaces.discrete else np.float32),
        terminated,
        truncated,
        float(columns["rewards"][steps].sum()),
    )


def _misfits(observation: np.ndarray, action: np.ndarray, spaces: TaskSpaces) -> Iterator[str]:
    if observation.shape[1:] != (spaces.observation,):
        yield f"step 0: an observation has the shape {observation.shape[1:]}, the task's has {(spaces.observation,)}"
    wanted = () if spaces.discrete else (spaces.action,)
    if action.shape[1:] != wanted or np.issubdtype(action.dtype, np.integer) != spaces.discrete:
        kind = "a discrete action" if spaces.discrete else f"{spaces.action} continuous numbers"
        yield f"step 0: an action is {action.dtype.name} {list(action.shape[1:])}, the task takes {kind}"
    for name, values in (("observation", observation), ("action", action)):
        bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
        if len(bad):
            yield f"step {bad[0]}: the {name} is not finite"
    if spaces.discrete and len(bad := np.flatnonzero((action < 0) | (action >= spaces.action))):
        yield f"step {bad[0]}: action {action[bad[0]]} is none of the task's {spaces.action}"
