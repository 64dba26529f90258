"""A task, which simulator, policy, learner and teleoperator share: a gymnasium environment.

It is named by its gymnasium id (`CartPole-v1`), with the module that registers it before it if need be
(`ale_py:ALE/Pong-v5`), or by `package.module:make`, a function that returns an environment.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from functools import cache, cached_property, partial
from importlib.util import find_spec
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete

from tutelage.finite import check, within
from tutelage.input.loading import named
from tutelage.input.problems import Problem, Refusal
from tutelage.input.types import fits
from tutelage.invocation import installing
from tutelage.learning.rollout import Spaces

Env = str | dict[str, Any]
"""How a launch file names an environment: its id, or `{id: ..., arguments: {...}, wrappers: [module:Wrapper]}`."""

_ID = re.compile(r"[\w/:.-]+-v\d+")
"""A gymnasium id: no function is called so."""

_INTERFACE = ("observation_space", "action_space", "reset", "step", "close", "spec", "metadata", "unwrapped")
"""What is used of an environment."""

_PARTS = {"id": str, "arguments": dict[str, Any], "wrappers": list[str]}


class Task:
    """A named environment, the arguments it is made with, and wrappers around it, innermost first."""

    def __init__(self, env: Env) -> None:
        told: dict[str, Any] = {"id": env} if isinstance(env, str) else env
        told = {"arguments": {}, "wrappers": [], **told} if isinstance(told, dict) else {}
        if told.keys() != _PARTS.keys() or not all(fits(told[part], hint) for part, hint in _PARTS.items()):
            raise _refusal(str(env), "must be a name, or a mapping of id, arguments and wrappers")
        self.given = env
        self.env: str = told["id"]
        self.arguments: dict[str, Any] = told["arguments"]
        self.wrappers: list[str] = told["wrappers"]

    def make(self, render_mode: str | None = None) -> Any:
        """One environment.

        Raises:
            Refusal: there is none of that name, or it cannot be made with these arguments.
        """
        arguments = self.arguments | ({"render_mode": render_mode} if render_mode else {})
        module, _, name = self.env.rpartition(":")
        registered = not module or bool(_ID.fullmatch(name))
        make = partial(_make, module, name) if registered else named(self.env)
        wrappers = [named(wrapper) for wrapper in self.wrappers]
        try:
            made = make(**arguments)
            for wrapper in wrappers:
                made = wrapper(made)
        except Exception as error:  # an environment is foreign code, and its arguments may be anything
            raise _refusal(self.env, f"cannot be made: {_why(self.env, error)}") from error
        if missing := [part for part in _INTERFACE if not hasattr(made, part)]:
            raise _refusal(
                self.env, f"gives a {type(made).__name__}, which has no {missing[0]}: it must be an environment"
            )
        return made

    @cached_property
    def spaces(self) -> TaskSpaces:
        """What it observes and accepts.

        Raises:
            Refusal: no policy of ours supports its spaces; the sentence says which are supported.
        """
        environment = self.make()
        try:
            return _spaces(self.env, environment.observation_space, environment.action_space)
        finally:
            environment.close()


class TaskSpaces(NamedTuple):
    """Numbers in an observation; choices of a discrete action, or numbers of a continuous one and their bounds.

    In messages a continuous action is in the frame where its bounds are -1 and 1.
    """

    observation: int
    action: int
    discrete: bool
    low: np.ndarray = np.zeros(0)
    high: np.ndarray = np.zeros(0)

    @property
    def without_bounds(self) -> Spaces:
        """The same as learners take them."""
        return Spaces(self.observation, self.action, self.discrete)

    def to_task(self, action: np.ndarray) -> np.ndarray:
        """Actions as the task takes them: indices as they are, others clipped to -1..1 and stretched to the bounds."""
        if self.discrete:
            return action
        return (self.low + (np.clip(action, -1, 1) + 1) * 0.5 * (self.high - self.low)).astype(np.float32)

    def from_task(self, action: np.ndarray) -> np.ndarray:
        """Actions as messages have them: int64 [N] or float32 [N, A]."""
        if self.discrete:
            return np.asarray(action, np.int64)
        return ((np.asarray(action) - self.low) / (self.high - self.low) * 2 - 1).astype(np.float32)

    def nothing(self) -> np.ndarray:
        """An action as messages have it, one row: the first choice, or the middle of the bounds."""
        return np.zeros(1, np.int64) if self.discrete else np.zeros((1, self.action), np.float32)


def time_limit(environment: Any) -> int:
    """Time limit of an environment's episodes, in steps; 0 if it has none.

    A registered environment has it in its specification, others in a TimeLimit wrapper.
    """
    if environment.spec and environment.spec.max_episode_steps:
        return int(environment.spec.max_episode_steps)
    while isinstance(environment, gymnasium.Wrapper):
        if isinstance(environment, gymnasium.wrappers.TimeLimit):
            return int(environment._max_episode_steps)
        environment = environment.env
    return 0


class Environments:
    """Copies of a task that step together and reset one by one, each with a seed.

    It takes half the time of gymnasium's vector environment, since it passes plain numbers to the environments and
    keeps no infos.

    Attributes:
        place: says of copy i where it is, for the sentence of a FloatingPointError: all methods raise it where an
            observation or a reward is not finite.
    """

    def __init__(self, task: Task, count: int) -> None:
        self.name, self.spaces = task.env, task.spaces
        self.place: Callable[[int], str] = "copy {}".format
        self._all = [task.make() for _ in range(count)]

    @property
    def time_limit(self) -> int:
        """Time limit of an episode, in steps; 0 if the task has none."""
        return time_limit(self._all[0])

    def reset(self, i: int, seed: int) -> np.ndarray:
        """The first observation of environment i's next episode: float32 [obs]."""
        observation, _ = self._all[i].reset(seed=seed)
        self._check(i, observation, 0.0)
        return np.asarray(observation, np.float32)

    def step_one(self, i: int, action: np.ndarray) -> tuple[np.ndarray, float]:
        """Observation and reward of environment i alone."""
        observation, reward, *_ = self._all[i].step(self._taken(action[None])[0])
        self._check(i, observation, reward)
        return np.asarray(observation, np.float32), float(reward)

    def step(self, action: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Observation float32 [N, obs], reward [N], terminated, truncated bool [N]; actions as messages have them."""
        steps = [environment.step(one) for environment, one in zip(self._all, self._taken(action), strict=True)]
        seen, earned, terminated, truncated, _ = zip(*steps, strict=True)
        observation, reward = np.array(seen), np.array(earned, float)
        if not (within(observation) and within(reward)):
            for i in range(len(reward)):
                self._check(i, observation[i], reward[i])
        ended = np.array(terminated, bool), np.array(truncated, bool)
        return observation.astype(np.float32, copy=False), reward, *ended

    def _check(self, i: int, observation: Any, reward: Any) -> None:
        for name, value in (("observation", observation), ("reward", reward)):
            if not within(value):
                check(f"{self.name}, {self.place(i)}", name, value)

    def _taken(self, action: np.ndarray) -> Any:
        taken = self.spaces.to_task(action)
        return taken.tolist() if self.spaces.discrete else taken

    @property
    def first(self) -> Any:
        """The first environment itself."""
        return self._all[0]

    def close(self) -> None:
        for environment in self._all:
            environment.close()


def _make(module: str, env: str, **arguments: Any) -> Any:
    """A registered environment, once the module is imported that registers it."""
    if module:
        importlib.import_module(module)
    _keep_mujoco_from_writing(env)
    return gymnasium.make(env, disable_env_checker=True, **arguments)


def _why(env: str, error: Exception) -> str:
    """The error, in the words of gymnasium where it is gymnasium's."""
    told = str(error).rstrip(".")
    for extra in ("mujoco", "box2d"):
        if f"gymnasium[{extra}]" in told:
            return f"{told.partition(',')[0]}: {installing(extra)}"
    if told.endswith("doesn't exist"):
        told += f"; if another package has it, name that package before it: PACKAGE:{env}"
    elif "gymnasium-robotics" in told:
        told += f"; the version that gymnasium has is {env.rpartition('-')[0]}-v5"
    return told if isinstance(error, gymnasium.error.Error | ImportError) else f"{type(error).__name__}: {told}"


def _keep_mujoco_from_writing(env: str) -> None:
    """What MuJoCo warns of goes to the log of the run, and not into a file MUJOCO_LOG.TXT wherever people are."""
    if "mujoco" in str(gymnasium.spec(env).entry_point) and find_spec("mujoco"):  # else gymnasium says what is missing
        importlib.import_module("mujoco").set_mju_user_warning(_mujoco_warns)


@cache
def _mujoco_warns(warning: str) -> None:
    """Once of each: every copy of an environment has the same to say."""
    print(f"MuJoCo: {warning}", file=sys.stderr)


def _spaces(name: str, observation: Any, action: Any) -> TaskSpaces:
    if not isinstance(observation, Box) or len(observation.shape) != 1:
        made = "env:='{id: ..., wrappers: [gymnasium.wrappers:FlattenObservation]}'"
        raise _refusal(name, f"observes {observation}: a flat Box is needed, and {made} makes one")
    if isinstance(action, Discrete):
        if action.start != 0:
            raise _refusal(name, f"counts its actions from {action.start}: they must start at 0")
        return TaskSpaces(observation.shape[0], int(action.n), True)
    if isinstance(action, Box) and len(action.shape) == 1 and np.isfinite([action.low, action.high]).all():
        return TaskSpaces(observation.shape[0], action.shape[0], False, action.low, action.high)
    raise _refusal(name, f"accepts {action}: a Discrete or a flat, bounded Box action is needed")


def _refusal(env: str, why: str) -> Refusal:
    return Refusal([Problem(env, why)])
