"""A task: what simulator, policy, learner and teleoperator share. A gymnasium environment is one.

It is named by its gymnasium id (`CartPole-v1`) or by `package.module:make`, a function that returns an environment.
gymnasium is imported only when an environment is made.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from tutelage.problems import LaunchError, Problem

Env = str | dict[str, Any]
"""How a launch file names an environment: its id, or `{id: ..., arguments: {...}, wrappers: [module:Wrapper]}`."""


class Task:
    """A named environment, the arguments it is made with, and wrappers around it, innermost first."""

    def __init__(self, env: Env) -> None:
        told: dict[str, Any] = {"id": env} if isinstance(env, str) else env
        unknown = set(told) - {"id", "arguments", "wrappers"}
        if unknown or not isinstance(told.get("id"), str):
            raise _refusal(str(env), "must be a name, or a mapping of id, arguments and wrappers")
        self.env: str = told["id"]
        self.arguments: dict[str, Any] = told.get("arguments", {})
        self.wrappers: list[str] = told.get("wrappers", [])

    def make(self, render_mode: str | None = None) -> Any:
        """One environment.

        Raises:
            LaunchError: there is none of that name, or it cannot be made so.
        """
        import gymnasium

        arguments = self.arguments | ({"render_mode": render_mode} if render_mode else {})
        if ":" in self.env:
            made = named(self.env)(**arguments)
        else:
            try:
                made = gymnasium.make(self.env, disable_env_checker=True, **arguments)
            except (gymnasium.error.Error, TypeError) as error:
                raise _refusal(self.env, f"cannot be made: {error}") from error
        for wrapper in self.wrappers:
            made = named(wrapper)(made)
        return made

    def make_vector(self, count: int) -> Any:
        """`count` environments stepped together, which are reset one by one, by hand, with a seed each."""
        from gymnasium.vector import AutoresetMode, SyncVectorEnv

        return SyncVectorEnv([self.make] * count, autoreset_mode=AutoresetMode.DISABLED)

    @cached_property
    def spaces(self) -> TaskSpaces:
        """What it observes and accepts.

        Raises:
            LaunchError: spaces that no policy of ours can serve; it says which would do.
        """
        environment = self.make()
        try:
            return _spaces(self.env, environment.observation_space, environment.action_space)
        finally:
            environment.close()


class TaskSpaces(NamedTuple):
    """Numbers in an observation; choices of a discrete action, or numbers of a continuous one and their bounds."""

    observation: int
    action: int
    discrete: bool
    low: np.ndarray | None = None
    high: np.ndarray | None = None


def _spaces(name: str, observation: Any, action: Any) -> TaskSpaces:
    from gymnasium.spaces import Box, Discrete

    if not isinstance(observation, Box) or len(observation.shape) != 1:
        raise _refusal(
            name, f"observes {observation}: a flat Box is needed; gymnasium.wrappers:FlattenObservation makes one"
        )
    if isinstance(action, Discrete):
        if action.start != 0:
            raise _refusal(name, f"counts its actions from {action.start}: they must start at 0")
        return TaskSpaces(observation.shape[0], int(action.n), True)
    if isinstance(action, Box) and len(action.shape) == 1 and np.isfinite([action.low, action.high]).all():
        return TaskSpaces(observation.shape[0], action.shape[0], False, action.low, action.high)
    raise _refusal(name, f"accepts {action}: a Discrete or a flat, bounded Box action is needed")


def named(place: str) -> Callable[..., Any]:
    """What `package.module:name` names.

    Raises:
        LaunchError: one sentence that says what is missing.
    """
    module, _, name = place.partition(":")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise _refusal(place, f"is not there: {error}") from error
    return found


def _refusal(env: str, why: str) -> LaunchError:
    return LaunchError([Problem(env, why)])
