"""Reads HDF5 files of robomimic's and of D4RL's layout.

D4RL (https://arxiv.org/abs/2004.07219): columns of steps as in `teaching/formats/columns.py`, with `timeouts` for
`truncations`. robomimic (https://robomimic.github.io/docs/datasets/overview.html): a group `data/demo_N` an episode
with `obs/<name>`, `next_obs/<name>`, `actions`, `rewards` and `dones`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.files.unpacking import most_bytes
from tutelage.tasks.task import Env
from tutelage.teaching.formats.columns import LAST_ALONE, split
from tutelage.teaching.formats.trajectory import Demonstrations, Trajectory, Unfit, extra

GYM = 2
"""robomimic's `env_type` of gym environments: the only ones that a task of ours can make."""


def read(path: Path) -> Demonstrations:
    """All episodes of a file of either layout."""
    try:
        with opened(path) as file:
            return _robomimic(file["data"]) if "data" in file else _d4rl(file)
    except Unfit:
        raise
    except (OSError, KeyError, RuntimeError, IndexError, TypeError, ValueError) as error:
        raise Unfit(f"cannot be read as HDF5 of robomimic's or D4RL's layout: {error}") from error


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """An HDF5 file that contains all its data: no link leads elsewhere, and no array is larger than the file allows.

    Raises:
        Unfit: it does not.
    """
    h5py = extra("h5py", "hdf5")
    with h5py.File(path, "r") as file:
        links: list[tuple[str, Any]] = []
        file.visititems_links(lambda name, link: links.append((name, link)))
        left = most_bytes(path.stat().st_size)
        for name, link in links:
            if not isinstance(link, h5py.HardLink):
                raise Unfit(f"'{name}' is a link, perhaps to another file: copy its target into this file")
            one = file[name]
            if h5py.h5o.get_info(one.id).rc != 1:
                raise Unfit(f"'{name}' has two names: make a copy")
            if isinstance(one, h5py.Dataset):
                left -= _bytes(name, one)
            if left < 0:
                raise Unfit(f"'{name}' of shape {list(one.shape)} is larger than a file of this size may hold")
        yield file


def _bytes(name: str, dataset: Any) -> int:
    """The size of an array in memory."""
    if dataset.external or dataset.is_virtual:
        raise Unfit(f"'{name}' is kept in another file: copy it into this one")
    return int(dataset.size or 0) * max(dataset.dtype.itemsize, 1)


def _d4rl(file: Any) -> Demonstrations:
    notes = (
        [f"left out: {', '.join(groups)}"] if (groups := [name for name in file if hasattr(file[name], "keys")]) else []
    )
    columns = {name: file[name][()] for name in file if name not in groups}
    if "timeouts" in columns:
        columns["truncations"] = columns.pop("timeouts")
    elif "terminals" in columns:
        columns["truncations"] = np.zeros(len(columns["terminals"]), bool)
        notes.append("has no timeouts: an episode that a time limit ended runs into the next one")
    trajectories, more = split(columns)
    return Demonstrations(trajectories, None, notes + more)


def _robomimic(data: Any) -> Demonstrations:
    names = sorted((name for name in data if name.startswith("demo_")), key=lambda name: int(name[5:]))
    if not names:
        raise Unfit("has no data/demo_0")
    first = data[names[0]]
    if "obs" not in first:
        raise Unfit("episode 0, step 0: has no obs, only states: let robomimic's dataset_states_to_obs.py make them")
    keys = sorted(key for key in first["obs"] if first["obs"][key].ndim <= 2)
    notes = [f"an observation is {', '.join(keys)}, one after the other"]
    notes += [f"left out: {', '.join(images)}"] if (images := sorted(set(first["obs"]) - set(keys))) else []
    notes += _lacking(first)
    return Demonstrations([_one(i, data[name], keys) for i, name in enumerate(names)], _env(data.attrs), notes)


def _lacking(demo: Any) -> list[str]:
    notes = []
    if "next_obs" not in demo:
        notes.append(f"has no next_obs: {LAST_ALONE}")
    if "rewards" not in demo:
        notes.append("has no rewards: they are zeros here")
    if "dones" in demo:
        notes.append("an episode that is not done at its end counts as truncated: robomimic does not say")
    else:
        notes.append("has no dones: each episode counts as truncated")
    return notes


def _one(number: int, demo: Any, keys: list[str]) -> Trajectory:
    action = demo["actions"][()]
    reward = demo["rewards"][()] if "rewards" in demo else np.zeros(len(action), np.float32)
    done = bool(demo["dones"][-1]) if "dones" in demo and len(action) else False
    observation = _side_by_side(number, demo["obs"], keys)
    if "next_obs" in demo:
        observation = np.concatenate([observation, _side_by_side(number, demo["next_obs"], keys)[-1:]])
    else:
        action, reward, done = action[:-1], reward[:-1], False
    return Trajectory(observation, action, reward, done, not done, number)


def _side_by_side(number: int, group: Any, keys: list[str]) -> np.ndarray:
    columns = [group[key][()] for key in keys]
    lengths = {len(column) for column in columns}
    if len(lengths) != 1:
        raise Unfit(f"episode {number}, step {min(lengths)}: its observations end here, but not all of them")
    return np.concatenate([column.reshape(len(column), -1) for column in columns], axis=1)


def _env(attributes: Any) -> Env | None:
    said = json.loads(attributes["env_args"]) if "env_args" in attributes else {}
    if not isinstance(said, dict):
        raise Unfit(f"env_args must name the environment, but are {said!r}"[:120])
    if said.get("type", said.get("env_type")) != GYM:
        return None
    return {"id": said["env_name"], "arguments": said.get("env_kwargs", {})}
