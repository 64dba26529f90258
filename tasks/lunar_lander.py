"""LunarLander-v3 and LunarLanderContinuous-v3: land on the pad, gently and upright, by a main and two side engines."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tutelage.tasks.entry import Known
from tutelage.tasks.keys import Keys
from tutelage.tasks.pictures import column, dotted


class Gains(NamedTuple):
    """Of two proportional-derivative controllers, as gymnasium's own demonstration has them; found by random search."""

    lean: tuple[float, float]  # by the distance from the pad and by the speed across
    most_lean: float
    turn: tuple[float, float]  # by the wanted change of the angle and by the speed of turning
    slope: float  # the height that is wanted over the distance from the pad
    lift: tuple[float, float]  # by the wanted change of the height and by the speed upward
    on_ground: float  # lift by the speed upward when a leg touches the ground


CONTINUOUS = Gains((0.56, 0.87), 0.52, (0.55, 0.75), 0.63, (0.43, 0.41), 0.53)
DISCRETE = Gains((0.5, 0.9), 0.4, (0.7, 1.2), 0.4, (0.3, 0.36), 0.43)


def wanted(observation: np.ndarray, gains: Gains) -> tuple[float, float]:
    """How much to turn and to lift: it leans towards the pad, and sinks along a slope that ends there."""
    x, y, across, upward, angle, turning, *legs = map(float, observation)
    if any(legs):
        return 0.0, -gains.on_ground * upward
    lean = min(gains.most_lean, max(-gains.most_lean, gains.lean[0] * x + gains.lean[1] * across))
    turn = gains.turn[0] * (lean - angle) - gains.turn[1] * turning
    return turn, gains.lift[0] * (gains.slope * abs(x) - y) - gains.lift[1] * upward


def lunar_lander(observation: np.ndarray) -> int:
    """The engine that is wanted most, if one is wanted at all."""
    turn, lift = wanted(observation, DISCRETE)
    if max(lift, abs(turn)) <= 0.05:
        return 0
    return 2 if lift > abs(turn) else 1 if turn > 0 else 3


def lunar_lander_continuous(observation: np.ndarray) -> np.ndarray:
    """Both engines. Main and side ones do nothing below 0 and within .5."""
    turn, lift = wanted(observation, CONTINUOUS)
    return np.array([20 * lift - 1, -20 * turn], np.float32).clip(-1, 1)


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


LUNAR_LANDER = Known(
    law=lunar_lander, keys=Keys({"left": 1, "up": 2, "right": 3}, rest=0), picture=picture, on_policy=True
)

LUNAR_LANDER_CONTINUOUS = Known(
    law=lunar_lander_continuous,
    keys=Keys({"up": [1, 0], "left": [0, -1], "right": [0, 1]}, rest=[-1, 0]),
    axes=("-left_y", "left_x"),
    picture=picture,
    on_policy=True,
)
