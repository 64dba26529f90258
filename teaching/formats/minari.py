"""Minari's datasets (https://minari.farama.org), in both its storage kinds: through its own library.

A dataset is a folder `NAME-vN/data`, or an id (`namespace/NAME-vN`) in Minari's own folder, which MINARI_DATASETS_PATH
names. Nothing is ever downloaded.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete, Space

from tutelage.input.problems import Refusal
from tutelage.tasks.task import Env, Task
from tutelage.teaching.formats.hdf5 import opened
from tutelage.teaching.formats.trajectory import Demonstrations, Trajectory, Unfit, extra

ID = re.compile(r"([-\w][-\w/]*[-\w]/)?[-\w]+-v\d+")
"""Minari's rule: a namespace has at least two characters."""

ABOUT: dict[str, Any] = {"seed": int, "operator": str, "device": str, "when": float, "rate": float}
"""The metadata of an episode."""


def located(place: str) -> tuple[Path, str]:
    """Folder and id of the dataset that a path or an id names; it need not exist."""
    if place.startswith(("/", ".", "~")) or not ID.fullmatch(place):
        path = Path(place).expanduser()
        return path, path.name
    return extra("minari.storage.datasets_root_dir", "minari").get_dataset_path(place), place


def read(path: Path, trusted: bool = False) -> Demonstrations:
    """All episodes of the dataset in a folder. Unless it is `trusted` it must state its spaces."""
    data = path / "data" if (path / "data").is_dir() else path
    try:
        _check(data, trusted)
        dataset = extra("minari", "minari").MinariDataset(data)
        about = list(dataset.storage.get_episode_metadata(dataset.episode_indices))
        episodes = list(dataset.iterate_episodes())
        trajectories = [_one(i, *both) for i, both in enumerate(zip(episodes, about, strict=True))]
    except (Unfit, Refusal):
        raise
    except Exception as error:  # Minari does not document its exceptions for damaged data
        raise Unfit(f"cannot be read as a Minari dataset: {error}") from error
    notes = ["left out: infos"] if any(episode.infos for episode in episodes) else []
    if dataset.env_spec and any(wrapper.kwargs for wrapper in dataset.env_spec.additional_wrappers):
        notes.append("left out: the arguments of the environment's wrappers, which take their defaults")
    return Demonstrations(trajectories, _env(dataset.env_spec), notes)


def _check(data: Path, trusted: bool) -> None:
    """Refuses a dataset for which Minari would run code, use much memory, or read elsewhere."""
    said = json.loads((data / "metadata.json").read_bytes())
    for space in ("observation_space", "action_space"):
        if said.get(space) is None and not trusted:
            raise Unfit(f"has no {space}: Minari would run the environment's code for it: allow that with --trust")
    size = sum(file.stat().st_size for file in data.rglob("*") if file.is_file())
    if not 0 <= said["total_episodes"] <= size:
        raise Unfit(f"cannot have {said['total_episodes']} episodes in {size} bytes")
    if (data / "main_data.hdf5").exists():
        with opened(data / "main_data.hdf5"):
            return


def write(path: Path, shown: Demonstrations, name: str, data_format: str = "hdf5") -> list[str]:
    """Writes them into a folder as the dataset `name`; returns what it does not hold."""
    if not ID.fullmatch(name):
        raise Unfit(
            f"'{name}' is not a Minari dataset's name: use letters, digits, - and _, and a version (my-demos-v0)"
        )
    storage_of = extra("minari.dataset.minari_storage", "minari").MinariStorage
    episode_buffer = extra("minari.data_collector.episode_buffer", "minari").EpisodeBuffer
    spec, *spaces = _of_task(shown)
    path.mkdir(parents=True)
    storage = storage_of.new(path.absolute() / "data", *spaces, spec, data_format)
    storage.update_metadata(
        {
            "dataset_id": name,
            "minari_version": extra("minari", "minari").__version__,
            "author": {one.operator for one in shown.trajectories} - {""},
        }
    )
    storage.update_episodes(_buffer(episode_buffer, one) for one in shown.trajectories)
    storage.update_episode_metadata([_about(one) for one in shown.trajectories])
    return _unrecoverable(spec)


def _unrecoverable(spec: Any) -> list[str]:
    """Why Minari cannot make the environment again."""
    if spec is None:
        return ["recover_environment will not work: no gymnasium environment is known"]
    lost = [wrapper.name for wrapper in spec.additional_wrappers if wrapper.kwargs is None]
    return [f"recover_environment will not work: {', '.join(lost)} is no RecordConstructorArgs"] if lost else []


def _one(number: int, episode: Any, said: dict[str, Any]) -> Trajectory:
    observation, action = episode.observations, episode.actions
    if not (isinstance(observation, np.ndarray) and isinstance(action, np.ndarray)):
        raise Unfit(f"episode {number}, step 0: observations or actions are not flat arrays")
    terminated, truncated = episode.terminations, episode.truncations
    early = np.flatnonzero(terminated[:-1] | truncated[:-1])
    if len(early):
        raise Unfit(f"episode {number}, step {early[0]}: it ends here, but has more steps")
    about: dict[str, Any] = {key: kind(said[key]) for key, kind in ABOUT.items() if said.get(key) is not None}
    ends = bool(terminated[-1:].any()), bool(truncated[-1:].any())
    return Trajectory(observation, action, episode.rewards, *ends, number=number, **about)


def _about(one: Trajectory) -> dict[str, Any]:
    said = {key: getattr(one, key) for key in ABOUT if key != "seed"}  # which Minari writes itself
    return {key: value for key, value in said.items() if value not in (None, "")}


def _buffer(kind: Any, one: Trajectory) -> Any:
    ends = np.zeros((2, len(one.action)), bool)
    ends[:, -1] = one.terminated, one.truncated
    return kind(
        seed=one.seed,
        observations=one.observation,
        actions=one.action,
        rewards=one.reward,
        terminations=ends[0],
        truncations=ends[1],
    )


def _env(spec: Any) -> Env | None:
    if spec is None:
        return None
    arguments, known = dict(spec.kwargs), gymnasium.registry.get(spec.id)
    if known and known.max_episode_steps != spec.max_episode_steps:
        arguments["max_episode_steps"] = spec.max_episode_steps
    env = {"id": spec.id, "arguments": arguments, "wrappers": [one.entry_point for one in spec.additional_wrappers]}
    return env if arguments or env["wrappers"] else str(spec.id)


def _of_task(shown: Demonstrations) -> tuple[Any, Space[Any], Space[Any]]:
    """Spec and spaces of the environment, in the dtypes of the arrays; spaces have no bounds if none are known."""
    first = shown.trajectories[0]
    if shown.env is None:
        highest = max(int(one.action.max()) for one in shown.trajectories)
        action = _unbounded(first.action) if first.action.dtype.kind == "f" else Discrete(highest + 1)
        return None, _unbounded(first.observation), action
    environment = Task(shown.env).make()
    environment.close()
    spaces = environment.observation_space, environment.action_space
    return environment.spec, *map(_as_stored, spaces, (first.observation, first.action))


def _unbounded(values: np.ndarray) -> Box:
    return Box(-np.inf, np.inf, values.shape[1:], values.dtype.type)


def _as_stored(space: Space[Any], values: np.ndarray) -> Space[Any]:
    if isinstance(space, Box) and space.dtype != values.dtype:
        return Box(space.low.astype(values.dtype), space.high.astype(values.dtype), dtype=values.dtype.type)
    return space
