"""Imitation learning as a robot's node graph. This folder holds the machinery, which knows nothing of learning and runs
without torch. The other rooms (`nodes`, `messages`, `learning`, ...) are linked into it, so everything has one name.

    from tutelage import Message, Node
    from tutelage.nodes.policy import Policy
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tutelage.input.problems import Refusal
    from tutelage.message import Message
    from tutelage.node import Node, Ranges
    from tutelage.python import Run, launch, load, read, resume
    from tutelage.turns import play

__all__ = ["Message", "Node", "Ranges", "Refusal", "Run", "launch", "load", "play", "read", "resume"]

_HOMES = {
    "Message": "tutelage.message",
    **dict.fromkeys(("Node", "Ranges"), "tutelage.node"),
    "Refusal": "tutelage.input.problems",
    "play": "tutelage.turns",
    **dict.fromkeys(("Run", "launch", "load", "read", "resume"), "tutelage.python"),
}


def __dir__() -> list[str]:
    return [*globals(), *__all__]


def __getattr__(name: str) -> Any:
    """Loads the names of `__all__` on first use, so that `tutelage --help` answers at once."""
    if name not in _HOMES:
        raise AttributeError(f"tutelage has no {name}")
    return getattr(importlib.import_module(_HOMES[name]), name)
