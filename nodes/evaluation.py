"""Playing a policy for its returns: what the evaluator does while a run learns, and `cli.py evaluate` afterwards."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from tutelage import trust
from tutelage.graph import Graph
from tutelage.input.problems import LaunchError, Problem
from tutelage.learning.acting import Tensors, act
from tutelage.learning.draws import generator
from tutelage.nodes.weights import read, tensors_of, unfit
from tutelage.recording.writer import about_run
from tutelage.tasks import video
from tutelage.tasks.entry import Law
from tutelage.tasks.playing import episode
from tutelage.tasks.task import Environments, Task

RENDERED_EPISODES = 3


def returns(task: Task, tensors: Tensors, episodes: int, seed: int, sample: bool, what: str = "final") -> np.ndarray:
    """Return of each of so many whole episodes, all played at once: float64 [episodes]. `what` for decides seeds."""
    environments, step = Environments(task, episodes), 0
    environments.place = lambda i: f"evaluation, episode {i}, step {step}"
    draws = generator(seed, "evaluator", what, "action") if sample else None
    seeds = generator(seed, "evaluator", what, "episodes").integers(2**31, size=episodes)
    observation = np.stack([environments.reset(i, int(one)) for i, one in enumerate(seeds)])
    total, running = np.zeros(episodes), np.ones(episodes, bool)
    while running.any():
        action, _ = act(tensors, observation, draws)
        step += 1
        observation, reward, terminated, truncated = environments.step(action)
        total += reward * running
        running &= ~(terminated | truncated)
        for i in map(int, np.flatnonzero(terminated | truncated)):  # an environment that is over cannot be stepped
            observation[i] = environments.reset(i, 0)
    environments.close()
    return total


def evaluate_run(
    folder: Path,
    episodes: int,
    sampled: bool,
    seed: int,
    render: str | None,
    weights: str | None = None,
    trusted: bool = False,
) -> str:
    """Plays a policy of a run and says its returns; renders the first episodes where it is told to.

    `weights` is a file in the folder; without it the final ones are played.

    Raises:
        LaunchError: there are no such weights, or the run is of another machine, not `trusted`, and its task is code.
    """
    task, tensors = task_of(folder, trusted), weights_of(folder / (weights or ""))
    if why := unfit(tensors, task):
        raise LaunchError([Problem(folder, why)])
    if render:
        _render(task, tensors, sampled, seed, render)
    found = returns(task, tensors, episodes, seed, sampled)
    kind = "sampled" if sampled else "greedy"
    return (
        f"{task.env}: return {found.mean():.1f} +- {found.std():.1f} {kind}, over {episodes} episodes "
        f"({found.min():.1f} to {found.max():.1f})"
    )


def task_of(folder: Path, trusted: bool = False) -> Task:
    """The task that a run was about."""
    graph = Graph.of_run(folder)
    env = next((node.parameters["env"] for node in graph.nodes if "env" in node.parameters), None)
    if env is None:
        raise LaunchError([Problem(folder, "none of this run's nodes has an env")])
    if trusted or trust.made_here(about_run(folder)):
        sys.path += graph.paths
    else:
        trust.check_env(env, folder)
    return Task(env)


def weights_of(folder: Path) -> dict[str, np.ndarray]:
    """The final weights of a run."""
    return tensors_of(read(folder), folder)


def policy_law(task: Task, tensors: Tensors, draws: np.random.Generator | None = None) -> Law:
    """A policy as a control law: its likeliest action, or a sampled one with `draws`."""

    def law(observation: np.ndarray) -> np.ndarray:
        action, _ = act(tensors, observation[None].astype(np.float32), draws)
        return task.spaces.to_task(action)[0]

    return law


def _render(task: Task, tensors: Tensors, sampled: bool, seed: int, target: str) -> None:
    """A few episodes in a window, or as a video file."""
    environment = task.make("human" if target == "window" else "rgb_array")
    frames: list[np.ndarray] = []
    for number in range(RENDERED_EPISODES):
        draws = generator(seed, "render", "action", number) if sampled else None
        start = int(generator(seed, "render", number).integers(2**31))
        for _ in episode(environment, policy_law(task, tensors, draws), start):
            if target != "window":
                frames.append(environment.render())
    if frames:
        video.write(Path(target), frames, environment.metadata.get("render_fps", 30))
    environment.close()
