"""The keys and the gamepad axes that drive a task."""

from __future__ import annotations

from typing import Any, NamedTuple

from tutelage.tasks.task import TaskSpaces

PAIRS = (("left", "right"), ("down", "up"), ("a", "e"), ("s", "w"))
"""Default keys for each number of a continuous action: less, more."""

AXES = ("left_x", "-left_y", "right_x", "-right_y")
"""Default axes, one for each number of a continuous action. A minus inverts an axis."""


class Keys(NamedTuple):
    """Actions by the name of a key: an index (discrete), or numbers in -1..1 (continuous; held keys add up).

    `rest` is the action while no key is held; None: the last action stays.
    """

    actions: dict[str, Any]
    rest: Any = None

    def fit(self, spaces: TaskSpaces) -> bool:
        """Whether these are actions of a task."""
        return all(is_action(action, spaces) for action in self.actions.values())


def default_keys(spaces: TaskSpaces) -> Keys:
    """Default keys of a task: digits for discrete actions, else PAIRS for their numbers."""
    if spaces.discrete:
        digits = {str(n): n for n in range(min(10, spaces.action))}
        return Keys(digits | ({"left": 0, "right": spaces.action - 1} if spaces.action < 4 else {}))
    actions = {}
    for i, pair in enumerate(PAIRS[: spaces.action]):
        for key, way in zip(pair, (-1, 1), strict=True):
            actions[key] = [way if j == i else 0 for j in range(spaces.action)]
    return Keys(actions, [0] * spaces.action)


def is_action(action: Any, spaces: TaskSpaces) -> bool:
    """Whether a plain value of a launch file is an action of a task."""
    if spaces.discrete:
        return type(action) is int and 0 <= action < spaces.action
    return isinstance(action, list) and len(action) == spaces.action and all(type(x) in (int, float) for x in action)
