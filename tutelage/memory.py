"""State that survives a restart: the attributes that a class names in `keeps`."""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar

import numpy as np

from tutelage.input.problems import Problem, Refusal


class Memory:
    """Base of all classes with such state.

    Attributes:
        keeps: names of attributes. Each is a nesting of dicts, lists, deques, numbers, strings, bytes and arrays, or
            has `state()` and `load(state)` of its own. Messages and other tuples come back as lists of their fields.
    """

    keeps: ClassVar[tuple[str, ...]] = ()

    def state(self) -> dict[str, Any]:
        """The state, as a nesting of dicts, lists, numbers, strings, bytes and arrays."""
        return {name: _packed(getattr(self, name)) for name in self.keeps}

    def load(self, state: dict[str, Any]) -> None:
        """Restores what `state` returned. Arrays are copied, because those of a checkpoint are read-only.

        Raises:
            Refusal: another version of the class returned it, which kept other attributes.
        """
        if missing := [name for name in self.keeps if name not in state]:
            what = f"its checkpoint lacks {', '.join(missing)}: another version of it was running; resume with that one"
            raise Refusal([Problem(type(self).__name__, what)])
        for name in self.keeps:
            kept = getattr(self, name)
            if _keeps_itself(kept):
                kept.load(state[name])
            elif isinstance(kept, deque):
                setattr(self, name, deque(_own(state[name]), kept.maxlen))
            else:
                setattr(self, name, _own(state[name]))


def _keeps_itself(value: Any) -> bool:
    return hasattr(value, "state") and hasattr(value, "load")


def _packed(value: Any) -> Any:
    if _keeps_itself(value):
        return value.state()
    if isinstance(value, list | tuple | deque):
        return [_packed(one) for one in value]
    return value


def _own(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, list):
        return [_own(one) for one in value]
    if isinstance(value, dict):
        return {name: _own(one) for name, one in value.items()}
    return value
