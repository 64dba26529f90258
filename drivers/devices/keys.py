"""What keys mean: commands, and actions while they are held. Pure; a key has a name, wherever it was pressed.

A map goes from a key's name to a command's name, to an action's index (discrete), or to the numbers of an action in
the frame where the task's bounds are -1 and 1 (continuous; keys that are held together add up).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from drivers.devices.device import COMMANDS, SESSION, Command, Words
from tutelage.problems import LaunchError, Problem
from tutelage.task import TaskSpaces


class Keys(NamedTuple):
    """A map of keys, and the action when none of them is held; None: the last one stays."""

    actions: dict[str, Any]
    rest: Any = None


CONTROLS: dict[str, Command] = {
    "space": "go",
    "enter": "keep",
    "k": "keep",
    "backspace": "discard",
    "d": "discard",
    "u": "undo",
    "q": "finish",
    "r": "arm",
    "escape": "stop",
}

TASKS = {
    "CartPole-v1": Keys({"left": 0, "right": 1}),
    "MountainCar-v0": Keys({"left": 0, "down": 1, "right": 2}, rest=1),
    "MountainCarContinuous-v0": Keys({"left": [-1], "right": [1]}, rest=[0]),
    "Pendulum-v1": Keys({"left": [1], "right": [-1]}, rest=[0]),  # a positive torque turns it to the left
    "Acrobot-v1": Keys({"left": 0, "down": 1, "right": 2}, rest=1),
    "LunarLander-v3": Keys({"left": 1, "up": 2, "right": 3}, rest=0),
    "LunarLanderContinuous-v3": Keys({"up": [1, 0], "left": [0, -1], "right": [0, 1]}, rest=[-1, 0]),
}

PAIRS = (("left", "right"), ("down", "up"), ("a", "e"), ("s", "w"))
"""Keys of the numbers of a continuous action: less, more."""


def keys_of(env: str, spaces: TaskSpaces) -> Keys:
    """The keys of a task: its own, or such as fit its actions."""
    for name in names(env):
        if name in TASKS and _fits(TASKS[name], spaces):
            return TASKS[name]
    if spaces.discrete:
        numbers = {str(n): n for n in range(min(10, spaces.action))}
        return Keys(numbers | ({"left": 0, "right": spaces.action - 1} if spaces.action < 4 else {}))
    actions = {}
    for i, pair in enumerate(PAIRS[: spaces.action]):
        for key, way in zip(pair, (-1, 1), strict=True):
            actions[key] = [way if j == i else 0 for j in range(spaces.action)]
    return Keys(actions, [0] * spaces.action)


def names(env: str) -> tuple[str, str]:
    """What a task may be known by: its arguments may give it other actions, as LunarLander's `continuous` does."""
    return env, env.replace("-v", "Continuous-v")


def _fits(keys: Keys, spaces: TaskSpaces) -> bool:
    return all(_is_action(action, spaces) for action in keys.actions.values())


def _is_action(action: Any, spaces: TaskSpaces) -> bool:
    if spaces.discrete:
        return type(action) is int and 0 <= action < spaces.action
    return isinstance(action, list) and len(action) == spaces.action and all(type(x) in (int, float) for x in action)


def _misfit(meaning: Any, spaces: TaskSpaces) -> str:
    wanted = f"an action from 0 to {spaces.action - 1}" if spaces.discrete else f"{spaces.action} numbers"
    return f"means {meaning}: give {wanted}"


class KeyMap:
    """The keys of a task, those of a launch file before them.

    Raises:
        LaunchError: a key of the launch file means neither a command nor an action of the task, or its rest is none.
    """

    def __init__(
        self,
        env: str,
        spaces: TaskSpaces,
        given: Mapping[str, Any] | None = None,
        rest: Any = None,
        controls: Mapping[str, Command] = CONTROLS,
    ) -> None:
        self.spaces, default = spaces, keys_of(env, spaces)
        for key, meaning in (given or {}).items():
            if (isinstance(meaning, list) or meaning not in COMMANDS) and not _is_action(meaning, spaces):
                raise LaunchError([Problem(f"key '{key}'", f"{_misfit(meaning, spaces)}, or {', '.join(COMMANDS)}")])
        if rest is not None and not _is_action(rest, spaces):
            raise LaunchError([Problem("rest", _misfit(rest, spaces))])
        meanings: dict[str, Any] = {**default.actions, **controls, **(given or {})}
        self.commands: dict[str, Command] = {key: m for key, m in meanings.items() if isinstance(m, str)}  # type: ignore[misc]
        self.actions = {key: meaning for key, meaning in meanings.items() if key not in self.commands}
        self.rest = default.rest if rest is None else rest
        self.last: Any = self.rest or 0  # of discrete actions
        self.engaged: np.ndarray | None = None  # what somebody else has done until now; goes on until a key is pressed

    def action(self, held: Collection[str]) -> np.ndarray:
        """The action of the keys that are held, the one that was pressed last first; as the task takes it."""
        acting = [self.actions[key] for key in held if key in self.actions]
        if self.engaged is not None and not acting:
            return self.engaged
        self.engaged = None
        if self.spaces.discrete:
            return np.array(acting[0] if acting else self.last)
        total = np.sum(acting, axis=0) if acting else np.array(self.rest)
        return self.spaces.to_task(np.asarray(total, np.float32))

    def press(self, key: str) -> None:
        """A key was pressed: where there is no rest its action stays, also before an episode begins."""
        self.engaged = None if key in self.actions else self.engaged
        if self.rest is None:
            self.last = self.actions.get(key, self.last)

    def engage(self, action: np.ndarray) -> None:
        """Somebody else has done this until now, as the task takes it: it goes on until a key is pressed."""
        self.engaged = np.asarray(action)

    def legend(self, words: Words = SESSION, driving: str = "") -> str:
        """What a person must know, in a line."""
        by: dict[str, list[str]] = {}
        for key, command in self.commands.items():
            by.setdefault(command, []).append(key)
        driving = driving or " ".join(SHOWN.get(key, key) for key in self.actions)
        return "   ".join([f"{driving} drive", *(f"{by[c][0]} {words[c]}" for c in words if c in by)])


SHOWN = {"left": "←", "right": "→", "up": "↑", "down": "↓"}
