"""Other dynamics for a task: its actuators are wired the wrong way round."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np


class Reversed(gymnasium.ActionWrapper[Any, Any, Any]):
    """Applies continuous actions with the opposite sign.

    In a launch file: `env:={id: Pendulum-v1, wrappers: [tasks.reversed:Reversed]}`.
    """

    def action(self, action: Any) -> Any:
        """Mirrored in the middle of the bounds."""
        bounds = self.action_space
        assert isinstance(bounds, gymnasium.spaces.Box)
        return (bounds.low + bounds.high - np.asarray(action)).astype(bounds.dtype)
