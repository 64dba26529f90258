"""`evaluate`: plays and shows a run's policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tutelage.input.problems import Problem, Refusal, did_you_mean
from tutelage.learning.acting import Tensors
from tutelage.learning.draws import generator
from tutelage.tasks import video
from tutelage.tasks.drawn import steps_per_second
from tutelage.tasks.finished_run import fitting, run_of, task_of
from tutelage.tasks.playing import episode, policy_law, returns
from tutelage.tasks.task import Task

RENDERED_EPISODES = 3


def evaluate_run(
    run: Path,
    episodes: int,
    sampled: bool,
    seed: int,
    render: str | None,
    weights: str | None = None,
    trusted: bool = False,
) -> str:
    """Plays a policy of a run and prints its returns; renders the first episodes on request.

    `run` is its folder, or a file of weights in it; `weights` is a file in the folder, for example
    kept/best.safetensors. By default it plays the final ones.

    Raises:
        Refusal: there are no such weights, or the run is of another machine, not `trusted`, and its task is code.
    """
    if render and render != "window":
        video.check(Path(render))
    task = task_of(run_of(run) or run, trusted)
    tensors = fitting(_file(run, weights) if weights else run, task)
    if render:
        _render(task, tensors, sampled, seed, render)
    found = returns(task, tensors, episodes, seed, sampled)
    kind = "sampled" if sampled else "greedy"
    return (
        f"{task.env}: return {found.mean():.1f} +- {found.std():.1f} {kind}, over {episodes} episodes "
        f"({found.min():.1f} to {found.max():.1f})"
    )


def _file(folder: Path, weights: str) -> Path:
    """A file of weights in a run's folder.

    Raises:
        Refusal: there is no such file; it says which there are.
    """
    if not (folder / weights).is_file():
        known = [str(path.relative_to(folder)) for path in folder.rglob("*.safetensors")]
        raise Refusal([Problem(folder / weights, f"there is no such file of weights; {did_you_mean(weights, known)}")])
    return folder / weights


def _picture(environment: Any, task: Task) -> np.ndarray:
    try:
        picture = environment.render()
    except NotImplementedError:
        picture = None
    if picture is None:
        raise Refusal([Problem(task.env, "has no picture to render: its render() returns none")])
    return np.asarray(picture)


def _render(task: Task, tensors: Tensors, sampled: bool, seed: int, target: str) -> None:
    """A few episodes in a window, or as a video file."""
    environment = task.make("human" if target == "window" else "rgb_array")
    frames: list[np.ndarray] = []
    for number in range(RENDERED_EPISODES):
        draws = generator(seed, "render", "action", number) if sampled else None
        start = int(generator(seed, "render", number).integers(2**31))
        for _ in episode(environment, policy_law(task, tensors, draws), start):
            if target != "window":
                frames.append(_picture(environment, task))
    if frames:
        video.write(Path(target), frames, steps_per_second(environment))
    environment.close()
