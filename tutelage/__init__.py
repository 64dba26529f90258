"""Imitation learning as a robot's node graph. In this folder is the machinery, which knows nothing of learning and runs
without torch; the rooms beside it (`nodes`, `messages`, `learning`, ...) are linked into it, so that all has one name.

    from tutelage import Message, Node
    from tutelage.nodes.policy import Policy
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tutelage.message import Message
    from tutelage.node import Node
    from tutelage.turns import play

__all__ = ["Message", "Node", "play"]

_HOMES = {"Message": "tutelage.message", "Node": "tutelage.node", "play": "tutelage.turns"}


def __getattr__(name: str) -> Any:
    """What is in `__all__`, loaded when it is first asked for, so that `tutelage --help` answers at once."""
    if name not in _HOMES:
        raise AttributeError(f"tutelage has no {name}")
    return getattr(importlib.import_module(_HOMES[name]), name)
