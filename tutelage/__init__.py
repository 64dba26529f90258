"""Imitation learning as a robot's node graph. This folder holds the machinery, which knows nothing of learning and runs
without torch. The other rooms (`nodes`, `messages`, `learning`, ...) are linked into it, so everything has one name.

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
    """Loads the names of `__all__` on first use, so that `tutelage --help` answers at once."""
    if name not in _HOMES:
        raise AttributeError(f"tutelage has no {name}")
    return getattr(importlib.import_module(_HOMES[name]), name)
