"""The meaning of keys: commands, and actions while they are held. Pure; a key has a name on any device.

A map goes from a key's name to a command's name, to an action's index (discrete), or to the numbers of an action in
the frame where the task's bounds are -1 and 1 (continuous; keys that are held together add up).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from tutelage.input.problems import Problem, Refusal
from tutelage.tasks.keys import is_action
from tutelage.tasks.known import keys_of
from tutelage.tasks.task import TaskSpaces
from tutelage.teaching.devices.device import COMMANDS, SESSION, OperatorCommand, Words

CONTROLS: dict[str, OperatorCommand] = {
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


def _misfit(meaning: Any, spaces: TaskSpaces) -> str:
    wanted = f"an action from 0 to {spaces.action - 1}" if spaces.discrete else f"{spaces.action} numbers"
    return f"means {meaning}: give {wanted}"


class KeyMap:
    """The keys of a task, and those of a launch file, which have priority.

    Raises:
        Refusal: a key of the launch file means neither a command nor an action of the task, or its rest is none.
    """

    def __init__(
        self,
        env: str,
        spaces: TaskSpaces,
        given: Mapping[str, Any] | None = None,
        rest: Any = None,
        controls: Mapping[str, OperatorCommand] = CONTROLS,
    ) -> None:
        self.spaces, default = spaces, keys_of(env, spaces)
        for key, meaning in (given or {}).items():
            if (isinstance(meaning, list) or meaning not in COMMANDS) and not is_action(meaning, spaces):
                raise Refusal([Problem(f"key '{key}'", f"{_misfit(meaning, spaces)}, or {', '.join(COMMANDS)}")])
        if rest is not None and not is_action(rest, spaces):
            raise Refusal([Problem("rest", _misfit(rest, spaces))])
        meanings: dict[str, Any] = {**default.actions, **controls, **(given or {})}
        self.commands: dict[str, OperatorCommand] = {key: m for key, m in meanings.items() if isinstance(m, str)}  # type: ignore[misc]
        self.actions = {key: meaning for key, meaning in meanings.items() if key not in self.commands}
        self.rest = default.rest if rest is None else rest
        self.last: Any = self.rest or 0  # of discrete actions
        self.given = False  # an action was chosen since the last verdict
        self.engaged: np.ndarray | None = None  # the previous driver's action; continues until a key is pressed

    def action(self, held: Collection[str]) -> np.ndarray:
        """The action of the held keys, the last pressed one first; as the task takes it."""
        acting = [self.actions[key] for key in held if key in self.actions]
        if self.engaged is not None and not acting:
            return self.engaged
        self.engaged = None
        if self.spaces.discrete:
            return np.array(acting[0] if acting else self.last)
        total = np.sum(acting, axis=0) if acting else np.array(self.rest)
        return self.spaces.to_task(np.asarray(total, np.float32))

    def press(self, key: str) -> None:
        """Notes a pressed key. Without a rest action its action continues, also before an episode begins."""
        if key in self.commands:
            self.judge(self.commands[key])
        self.given = self.given or key in self.actions
        self.engaged = None if key in self.actions else self.engaged
        if self.rest is None:
            self.last = self.actions.get(key, self.last)

    def judge(self, command: OperatorCommand) -> None:
        """Notes a command: after a verdict the next episode begins with what is chosen from now on."""
        self.given = self.given and command not in ("keep", "discard")

    def waits(self, held: Collection[str]) -> bool:
        """Whether no action is neutral, and none is held or was chosen since the last verdict."""
        neutral = self.rest is not None or not self.spaces.discrete
        return not (neutral or self.given or any(key in self.actions for key in held))

    def engage(self, action: np.ndarray) -> None:
        """The previous driver's action, as the task takes it: it continues until a key is pressed."""
        self.given = True
        self.engaged = np.asarray(action)

    def legend(self, words: Words = SESSION, driving: str = "") -> str:
        """The legend, in a line."""
        by: dict[str, list[str]] = {}
        for key, command in self.commands.items():
            by.setdefault(command, []).append(key)
        driving = driving or " ".join(SHOWN.get(key, key) for key in self.actions)
        return "   ".join([f"{driving} drive", *(f"{by[c][0]} {words[c]}" for c in words if c in by)])


SHOWN = {"left": "←", "right": "→", "up": "↑", "down": "↓"}
