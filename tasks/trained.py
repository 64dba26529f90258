"""A policy that a run has learned, as a function in Python. It runs without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tutelage.input.problems import Problem, Refusal
from tutelage.learning.acting import Tensors, act
from tutelage.learning.draws import generator
from tutelage.tasks.finished_run import run_of, task_of, unfit, weights_of
from tutelage.tasks.task import Env, Task


class TrainedPolicy:
    """Maps observations to actions as the environment takes them.

    Attributes:
        task: the task that it was learned for.
        tensors: its weights, by name (`learning.acting`).
    """

    def __init__(self, task: Task, tensors: Tensors, seed: int = 0) -> None:
        self.task, self.tensors = task, tensors
        self._draws = generator(seed, "trained", "action")

    def __call__(self, observation: np.ndarray) -> np.ndarray:
        """The likeliest action for one observation [obs], or one for each of a batch [N, obs]."""
        return self.predict(observation, deterministic=True)[0]

    def predict(
        self, observation: np.ndarray, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[np.ndarray, None]:
        """The action, and no state, as Stable-Baselines3's policies answer. Not `deterministic`, it is drawn.

        Raises:
            Refusal: the observation is not of this task.
            FloatingPointError: the observation is not finite.
        """
        seen = np.asarray(observation, np.float32)
        wanted = self.task.spaces.observation
        if seen.ndim not in (1, 2) or seen.shape[-1] != wanted:
            what = (
                f"an observation has the shape [{wanted}], or [N, {wanted}] in a batch, but this is {list(seen.shape)}"
            )
            raise Refusal([Problem(self.task.env, what)])
        action, _ = act(self.tensors, np.atleast_2d(seen), None if deterministic else self._draws)
        taken = self.task.spaces.to_task(action)
        return (taken if seen.ndim == 2 else taken[0]), None


def load(path: str | Path, env: Env | None = None, seed: int = 0) -> TrainedPolicy:
    """The final policy of a run's folder, or that of a file of weights.

    `env` names the environment where no run's folder says it, or one that is code. `seed` is of the actions drawn.

    Raises:
        Refusal: there are no weights, or they do not fit the environment.
    """
    path = Path(path)
    tensors = weights_of(path)
    task = Task(env) if env is not None else task_of(_run_of(path))
    if why := unfit(tensors, task):
        raise Refusal([Problem(path, why)])
    return TrainedPolicy(task, tensors, seed)


def _run_of(path: Path) -> Path:
    """The folder of the run that a file of weights is in."""
    folder = run_of(path)
    if folder is None:
        raise Refusal([Problem(path, "this file is in no run's folder: say of which environment it is by env=")])
    return folder
