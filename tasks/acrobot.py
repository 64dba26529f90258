"""Acrobot-v1: swing the tip of two links above a line, by a torque at the joint between them."""

from __future__ import annotations

import numpy as np

from tutelage.tasks.entry import Known
from tutelage.tasks.keys import Keys


def acrobot(observation: np.ndarray) -> int:
    """Pumps energy: full torque at the elbow, against the speed of the shoulder."""
    return 0 if observation[4] > 0 else 2


ACROBOT = Known(law=acrobot, keys=Keys({"left": 0, "down": 1, "right": 2}, rest=1))
