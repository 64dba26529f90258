"""Replays an episode's actions in its environment, and compares the rewards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tutelage.input.problems import Problem, Refusal
from tutelage.tasks import video
from tutelage.tasks.drawn import steps_per_second
from tutelage.tasks.playing import episode
from tutelage.tasks.task import Task
from tutelage.teaching.formats.trajectory import Trajectory


class Replayed(NamedTuple):
    """The result of a replay: its rewards, and the first step that differs, or None."""

    reward: np.ndarray
    differs: int | None
    frames: list[np.ndarray]
    fps: float


def replay(one: Trajectory, task: Task, seed: int | None, render: str | None) -> Replayed:
    """Plays the actions of an episode from its seed, on request in a `window` or for a video."""
    environment = task.make({None: None, "window": "human"}.get(render, "rgb_array"))
    frames: list[np.ndarray] = []
    rewards: list[float] = []
    actions = iter(one.action)
    with _refusing(environment, f"{task.env}, episode {one.number}"):
        for step in islice(episode(environment, lambda _: _taken(next(actions)), seed), len(one.action)):
            rewards.append(step.reward)
            if render not in (None, "window"):
                frames.append(environment.render())
        fps = steps_per_second(environment)
    reward = np.array(rewards)
    return Replayed(reward, _first_difference(one, reward), frames, fps)


@contextlib.contextmanager
def _refusing(environment: Any, where: str) -> Iterator[None]:
    """Closes an environment at the end. Its exceptions become refusals, since seed and actions are data."""
    try:
        yield
    except Exception as error:
        raise Refusal([Problem(where, f"the environment refuses what was recorded: {error}")]) from error
    finally:
        environment.close()


def sentence(one: Trajectory, replayed: Replayed, seed: int | None) -> str:
    """The report of a replay."""
    total = f"episode {one.number}: return {replayed.reward.sum():.6g}"
    if replayed.differs is None:
        return f"{total}, the same as recorded at each of its {len(one.action)} steps"
    why = "" if seed is not None else "; the episode's seed is not known, so it began differently: name it with --seed"
    return f"{total}, but {one.episode_return:.6g} was recorded: it differs from step {replayed.differs} on{why}"


def save(target: str, replayed: list[Replayed]) -> None:
    """The frames of these episodes as a video file."""
    frames = [frame for one in replayed for frame in one.frames]
    if frames:
        video.write(Path(target), frames, replayed[0].fps)


def _taken(action: np.ndarray) -> Any:
    return action if action.ndim else action.item()


def _first_difference(one: Trajectory, reward: np.ndarray) -> int | None:
    """Rewards are compared to the precision of the numbers that were recorded."""
    steps = min(len(reward), len(one.reward))
    wrong = np.flatnonzero(~np.isclose(reward[:steps], one.reward[:steps], rtol=1e-5, atol=1e-6))
    if len(wrong):
        return int(wrong[0])
    return None if len(reward) == len(one.reward) else steps
