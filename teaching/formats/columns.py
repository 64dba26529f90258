"""Episodes as columns of steps, one episode after another: the arrays of npz files, and of D4RL's HDF5.

Per step `observations`, `actions` (if they are known), `rewards`, `terminals` (the task's end) and `truncations` (time
limit). An episode
ends where one of the last two is true, or by `episode_lengths`. `next_observations` has each episode's true last
observation; without it an episode's last step gives only its observation, and the episode counts as truncated
there, since the outcome is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

import numpy as np

from tutelage.teaching.formats.trajectory import Trajectory, Unfit

STEPS = ("observations", "actions", "rewards", "terminals", "truncations")
EPISODES: dict[str, Any] = {"seed": -1, "operator": "", "device": "", "when": np.nan, "rate": np.nan}
"""What `episode_<name>s` says about each episode, and its value if unknown."""

ABOUT_KINDS = {
    f"episode_{name}s": {int: "iu", str: "U", float: "fiu"}[type(unknown)] for name, unknown in EPISODES.items()
}
"""The kinds of numpy dtypes that they may have."""

LAST_ALONE = "the last step of each episode gives only its observation, and the episode counts as truncated there"

DERIVED = {"episode_lengths", "episode_returns"}


def split(columns: Mapping[str, np.ndarray]) -> tuple[list[Trajectory], list[str]]:
    """The episodes, and sentences about what is missing.

    Raises:
        Unfit: columns are missing, or have different lengths.
    """
    if "observations" in columns and "actions" not in columns:
        columns = {**columns, "actions": np.zeros((len(columns["observations"]), 0), np.float32)}
    _check(columns)
    steps = len(columns["actions"])
    flags = {name: np.asarray(columns[name], bool).reshape(steps) for name in ("terminals", "truncations")}
    columns = {**columns, **flags, "rewards": columns["rewards"].reshape(steps)}
    ends = _ends(columns, steps)
    slices = [slice(a, b) for a, b in zip([0, *ends], [*ends, steps], strict=True)]
    episodes = {i: of for i, of in enumerate(slices) if of.start < of.stop}
    empty = [str(i) for i in range(len(ends)) if i not in episodes]
    notes = [f"left out, since they have no step: {', '.join(empty)}"] if empty else []
    return [_one(columns, i, of) for i, of in episodes.items()], notes + _notes(columns, episodes)


def _check(columns: Mapping[str, np.ndarray]) -> None:
    missing = [name for name in STEPS if name not in columns]
    if missing:
        raise Unfit(f"has no {', '.join(missing)}")
    rows = [
        name for name in (*STEPS, "next_observations", *(f"episode_{name}s" for name in EPISODES)) if name in columns
    ]
    for name in (*rows, *(DERIVED & columns.keys())):
        if np.ndim(columns[name]) == 0:
            raise Unfit(f"has {name} that are one value, not a row each")
    for name, kinds in ABOUT_KINDS.items():
        if name in columns and (columns[name].ndim != 1 or columns[name].dtype.kind not in kinds):
            raise Unfit(f"has {name} that are {columns[name].dtype} {list(columns[name].shape)}")
    steps = len(columns["actions"])
    for name in (*STEPS, "next_observations"):
        if name in columns and len(columns[name]) != steps:
            raise Unfit(f"has {len(columns[name])} {name}, but {steps} actions")
    for name in ("rewards", "terminals", "truncations"):
        if columns[name].size != steps:
            raise Unfit(f"has {name} of shape {list(columns[name].shape)}, not one number a step")


def joined(trajectories: list[Trajectory]) -> dict[str, np.ndarray]:
    """The columns of these episodes."""
    columns = {
        "observations": np.concatenate([one.observation[:-1] for one in trajectories]),
        "next_observations": np.concatenate([one.observation[1:] for one in trajectories]),
        "actions": np.concatenate([one.action for one in trajectories]),
        "rewards": np.concatenate([one.reward for one in trajectories]),
        "terminals": _at_ends(trajectories, [one.terminated for one in trajectories]),
        "truncations": _at_ends(trajectories, [one.truncated for one in trajectories]),
        "episode_lengths": np.array([len(one.action) for one in trajectories]),
        "episode_returns": np.array([one.episode_return for one in trajectories]),
    }
    for name, unknown in EPISODES.items():
        said = [getattr(one, name) for one in trajectories]
        columns[f"episode_{name}s"] = np.array([unknown if value is None else value for value in said])
    return columns


def _ends(columns: Mapping[str, np.ndarray], steps: int) -> list[int]:
    """Where each episode ends: the step after its last."""
    if "episode_lengths" not in columns:
        return [int(end) for end in np.flatnonzero(columns["terminals"] | columns["truncations"]) + 1]
    lengths = columns["episode_lengths"]
    if lengths.ndim != 1 or lengths.dtype.kind not in "iu" or (lengths < 0).any():
        raise Unfit("has episode_lengths that are not numbers of steps")
    ends = list(accumulate(map(int, lengths)))
    if ends and ends[-1] > steps:
        raise Unfit(f"episode {len(ends) - 1}, step {steps}: is not there, though episode_lengths says so")
    return ends


def _one(columns: Mapping[str, np.ndarray], i: int, steps: slice) -> Trajectory:
    observation, action, reward, terminal, truncation = (columns[name][steps] for name in STEPS)
    early = np.flatnonzero(terminal[:-1] | truncation[:-1])
    if len(early):
        raise Unfit(f"episode {i}, step {early[0]}: it ends here, but has more steps")
    ends = bool(terminal[-1]), bool(truncation[-1])
    if "next_observations" in columns:
        observation = np.concatenate([observation, columns["next_observations"][steps][-1:]])
    else:
        action, reward, ends = action[:-1], reward[:-1], (False, any(ends))
    return Trajectory(observation, action, reward, *ends, number=i, **_about(columns, i))


def _about(columns: Mapping[str, np.ndarray], i: int) -> dict[str, Any]:
    said = {name: columns[f"episode_{name}s"] for name in EPISODES if f"episode_{name}s" in columns}
    known = {name: values[i].item() for name, values in said.items() if i < len(values)}
    return {name: value for name, value in known.items() if value == value and value != EPISODES[name]}


def _notes(columns: Mapping[str, np.ndarray], episodes: Mapping[int, slice]) -> list[str]:
    notes = []
    if "next_observations" not in columns:
        notes.append(f"has no next_observations: {LAST_ALONE}")
    elif torn := next(_torn(columns["observations"], columns["next_observations"], episodes), None):
        i, step = torn
        what = f"episode {i}, step {step}: its next_observation is not the observation of step {step + 1}"
        notes.append(f"{what}, which is used; there may be more such steps")
    known = {*STEPS, *DERIVED, "next_observations", *(f"episode_{name}s" for name in EPISODES)}
    if unread := sorted(columns.keys() - known):
        notes.append(f"left out: {', '.join(unread)}")
    return notes


def _torn(observation: np.ndarray, following: np.ndarray, episodes: Mapping[int, slice]) -> Iterator[tuple[int, int]]:
    """Episode and step where next_observation is not the following observation."""
    for i, steps in episodes.items():
        differs = following[steps][:-1] != observation[steps][1:]
        yield from ((i, int(step)) for step in np.flatnonzero(differs.any(axis=tuple(range(1, differs.ndim)))))


def _at_ends(trajectories: list[Trajectory], flags: list[bool]) -> np.ndarray:
    """A column that is true only where an episode ends with its flag set."""
    lengths = np.array([len(one.action) for one in trajectories])
    column = np.zeros(lengths.sum(), bool)
    column[lengths.cumsum() - 1] = flags
    return column
