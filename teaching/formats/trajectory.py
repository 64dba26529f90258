"""An episode of an expert, as every format reads and writes it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tutelage.finite import LIMIT, within
from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import installing
from tutelage.tasks.task import Env, TaskSpaces


class Trajectory(NamedTuple):
    """One episode. Its arrays are as the file has them, in its dtypes; an action is as the task takes it."""

    observation: np.ndarray  # [steps + 1, *obs], the true last one too
    action: np.ndarray  # [steps], whole numbers, or [steps, act]; [steps, 0] if they are not known
    reward: np.ndarray  # [steps], of the environment
    terminated: bool  # the task's end
    truncated: bool  # a time limit's
    number: int = 0  # of the take, or its place in the file
    verdict: str = "kept"  # or discarded
    operator: str = ""
    device: str = ""
    seed: int | None = None  # that the environment was reset with
    when: float | None = None  # it ended, in seconds of Unix time
    rate: float | None = None  # steps a second, where it was measured

    @property
    def episode_return(self) -> float:
        return float(self.reward.sum(dtype=np.float64))


class Demonstrations(NamedTuple):
    """The content of a file. `notes` say what it does not hold, in a sentence each: nothing is left out silently."""

    trajectories: list[Trajectory]
    env: Env | None = None
    notes: list[str] = []


class Unfit(ValueError):
    """A file's content cannot be used: a sentence with episode and step; the caller adds the file."""


def check(trajectories: list[Trajectory], spaces: TaskSpaces | None = None, actions: bool = True) -> None:
    """Refuses an incomplete episode, and with `spaces` one that does not fit the task, its `actions` included.

    Raises:
        Unfit: the first problem.
    """
    for one in trajectories:
        problem = next(_wrong(one), None) or (spaces and next(_misfits(one, spaces, actions), None))
        if problem:
            raise Unfit(f"episode {one.number}, {problem}")


def extra(module: str, name: str) -> Any:
    """Imports a library that only an extra installs.

    Raises:
        Refusal: it is not installed; the sentence has the command that does it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        what = f"cannot be imported ({error}): {installing(name)}"
        raise Refusal([Problem(module.partition(".")[0], what)]) from error


def _wrong(one: Trajectory) -> Iterator[str]:
    steps = len(one.action)
    if steps == 0:
        yield "step 0: there is no complete step"
    for name, values, rows in (("observation", one.observation, steps + 1), ("reward", one.reward, steps)):
        if len(values) != rows:
            yield f"step {min(len(values), rows)}: there are {len(values)} {name}s for {steps} actions, not {rows}"
    if one.reward.ndim != 1:
        yield f"step 0: a reward has shape {list(one.reward.shape[1:])}, and is not one number"
    for name, values in (("observation", one.observation), ("action", one.action), ("reward", one.reward)):
        if values.dtype.kind not in "fiub":
            yield f"step 0: the {name} is {values.dtype}, not numbers"
        elif not (finite := np.isfinite(values)).all():
            yield f"step {np.argwhere(~finite)[0, 0]}: the {name} is not finite"
        elif not within(values):
            large = np.argwhere(np.abs(values) >= LIMIT)
            yield f"step {large[0, 0]}: the {name} is not between -{LIMIT:g} and {LIMIT:g}"
    if not (one.terminated or one.truncated):
        yield f"step {steps - 1}: is the last, but neither terminated nor truncated: the episode is unfinished"


def _misfits(one: Trajectory, spaces: TaskSpaces, actions: bool) -> Iterator[str]:
    if one.observation.shape[1:] != (spaces.observation,):
        yield f"step 0: an observation has shape {list(one.observation.shape[1:])}, the task's [{spaces.observation}]"
    action, wanted = one.action, () if spaces.discrete else (spaces.action,)
    if not actions:
        return
    if action.shape[1:] == (0,):
        yield "step 0: has no action: only gail.yaml and dac.yaml learn from states alone, with state_only:=true"
    if action.shape[1:] != wanted or np.issubdtype(action.dtype, np.integer) != spaces.discrete:
        kind = "a discrete action" if spaces.discrete else f"{spaces.action} continuous numbers"
        yield f"step 0: an action is {action.dtype.name} {list(action.shape[1:])}, the task takes {kind}"
    if spaces.discrete and len(bad := np.flatnonzero((action < 0) | (action >= spaces.action))):
        yield f"step {bad[0]}: action {action[bad[0]]} is not one of the task's {spaces.action}"
