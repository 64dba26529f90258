"""A task in characters, as an operator sees it while driving: lines of text from an observation. Pure drawing."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

LINES = 8
"""Numbers of an observation that are shown as bars, at most."""

LEAST_WIDTH = 20
"""Columns without which there is no picture."""

Picture = Callable[[np.ndarray, int], list[str]]
"""Observation [obs] and columns to lines."""


class Bars:
    """Any observation: a bar a number, as long as it is large beside the largest that was seen."""

    def __init__(self) -> None:
        self.largest = np.zeros(0)

    def __call__(self, observation: np.ndarray, width: int) -> list[str]:
        shown = observation[:LINES]
        if len(self.largest) != len(shown):
            self.largest = np.full(len(shown), 1e-6)
        self.largest = np.maximum(self.largest, np.abs(shown))
        half = max(1, (width - 16) // 2)
        return [
            f" {i:2} {value:+9.3f} {_bar(value / most, half)}"
            for i, (value, most) in enumerate(zip(shown, self.largest, strict=True))
        ]


def _bar(share: float, half: int) -> str:
    """Left or right of the middle, for -1 to 1."""
    marks = "=" * min(half, round(abs(share) * half))
    return f"{marks:>{half}}|{'':{half}}" if share < 0 else f"{'':{half}}|{marks:<{half}}"


def cart_pole(observation: np.ndarray, width: int) -> list[str]:
    """The track from -2.4 to 2.4, the cart on it, and the pole, its angle drawn three times as large as it is."""
    position, _, angle, _ = map(float, observation)
    rows = [_dotted(width, _column(position, 2.4, width) + 2.2 * n * math.tan(3 * angle), "o") for n in (4, 3, 2, 1)]
    cart = _dotted(width, _column(position, 2.4, width), "#")
    return [*rows, cart, "|" + "-" * (width - 2) + "|"]


def mountain_car(observation: np.ndarray, width: int) -> list[str]:
    """The valley from -1.2 to 0.6, the car in it, and the flag at 0.5."""
    rows = [[" "] * width for _ in range(7)]
    for column in range(width):
        x = -1.2 + 1.8 * column / (width - 1)
        rows[_depth(x)][column] = "."
    flag, car = ((x + 1.2) / 1.8 * (width - 1) for x in (0.5, float(observation[0])))
    rows[max(0, _depth(0.5) - 1)][round(flag)] = "P"
    rows[_depth(float(observation[0]))][min(width - 1, max(0, round(car)))] = "#"
    return ["".join(row) for row in rows]


def pendulum(observation: np.ndarray, width: int) -> list[str]:
    """The pole around its pivot, up is up; the speed beside it."""
    cosine, sine, speed = map(float, observation)
    rows = [[" "] * width for _ in range(9)]
    for part in np.linspace(0.2, 1.0, 8):
        rows[round(4 - 4 * part * cosine)][round(width / 2 - 8 * part * sine)] = "o"
    rows[4][width // 2] = "+"
    return [*("".join(row) for row in rows), f" speed {speed:+.1f}"]


def lunar_lander(observation: np.ndarray, width: int) -> list[str]:
    """The lander over its pad, between -1.5 and 1.5, from the ground to 1.5; how it leans, and its speeds beside it."""
    x, y, across, upward, angle, turning, *_ = map(float, observation)
    rows = [" " * width for _ in range(9)]
    mark = "A" if abs(angle) < 0.2 else "\\" if angle > 0 else "/"  # a positive angle leans to the left
    rows[min(8, max(0, round(8 - y / 1.5 * 8)))] = _dotted(width, _column(x, 1.5, width), mark)
    left, right = (round(_column(edge, 1.5, width)) for edge in (-0.2, 0.2))
    ground = "-" * left + "=" * (right - left + 1) + "-" * (width - right - 1)
    return [
        *rows,
        ground,
        f" across {across:+.2f}   upward {upward:+.2f}   angle {angle:+.2f}   turning {turning:+.2f}",
    ]


def _column(value: float, most: float, width: int) -> float:
    return (value + most) / (2 * most) * (width - 1)


def _dotted(width: int, column: float, mark: str) -> str:
    """A line with one mark on it."""
    at = min(width - 1, max(0, round(column)))
    return " " * at + mark + " " * (width - 1 - at)


def _depth(x: float) -> int:
    """Row of the valley's ground, 0 on top."""
    return round(6 * (1 - math.sin(3 * x)) / 2)


PICTURES: dict[str, Picture] = {
    "CartPole-v1": cart_pole,
    "LunarLander-v3": lunar_lander,
    "LunarLanderContinuous-v3": lunar_lander,
    "MountainCar-v0": mountain_car,
    "MountainCarContinuous-v0": mountain_car,
    "Pendulum-v1": pendulum,
}


def picture_of(env: str) -> Picture:
    """The picture of an environment; bars where it has none of its own."""
    return PICTURES.get(env) or Bars()
