"""LunarLander-v3 and LunarLanderContinuous-v3: land on the pad, gently and upright, by a main and two side engines."""

from __future__ import annotations

import numpy as np

from tutelage.tasks.entry import Known
from tutelage.tasks.keys import Keys
from tutelage.tasks.pictures import column, dotted


def picture(observation: np.ndarray, width: int) -> list[str]:
    """The lander over its pad, between -1.5 and 1.5, from the ground to 1.5; its angle and speeds below."""
    x, y, across, upward, angle, turning, *_ = map(float, observation)
    rows = [" " * width for _ in range(9)]
    mark = "A" if abs(angle) < 0.2 else "\\" if angle > 0 else "/"  # a positive angle leans to the left
    rows[min(8, max(0, round(8 - y / 1.5 * 8)))] = dotted(width, column(x, 1.5, width), mark)
    left, right = (round(column(edge, 1.5, width)) for edge in (-0.2, 0.2))
    ground = "-" * left + "=" * (right - left + 1) + "-" * (width - right - 1)
    speeds = f" across {across:+.2f}   upward {upward:+.2f}   angle {angle:+.2f}   turning {turning:+.2f}"
    return [*rows, ground, speeds]


LUNAR_LANDER = Known(keys=Keys({"left": 1, "up": 2, "right": 3}, rest=0), picture=picture)

LUNAR_LANDER_CONTINUOUS = Known(
    keys=Keys({"up": [1, 0], "left": [0, -1], "right": [0, 1]}, rest=[-1, 0]),
    axes=("-left_y", "left_x"),
    picture=picture,
)
