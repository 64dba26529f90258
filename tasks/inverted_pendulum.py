"""InvertedPendulum-v5 (MuJoCo): balance a pole on a cart, in the middle of the rail, by a force on the cart."""

from __future__ import annotations

import numpy as np

from tutelage.tasks.entry import Known
from tutelage.tasks.keys import Keys


def inverted_pendulum(observation: np.ndarray) -> np.ndarray:
    """A linear law of place, angle and their speeds."""
    return np.clip(observation @ np.array([[0.5], [5.0], [0.7], [1.0]]), -3, 3).astype(np.float32)


INVERTED_PENDULUM = Known(law=inverted_pendulum, keys=Keys({"left": [-3], "right": [3]}, rest=[0]), axes=("left_x",))
