"""Tasks drawn in characters for an operator who drives: an observation to lines of text. Pure drawing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

LINES = 8
"""How many numbers of an observation are shown as bars, at most."""

LEAST_WIDTH = 20
"""Columns; a narrower terminal has no picture."""

Draw = Callable[[np.ndarray, int], list[str]]
"""Observation [obs] and width in columns to lines."""


class Bars:
    """A picture of any task: one bar for each number, scaled to the largest value seen so far."""

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


def column(value: float, most: float, width: int) -> float:
    """Where a value between -most and most stands in a line, in columns."""
    return (value + most) / (2 * most) * (width - 1)


def dotted(width: int, at: float, mark: str) -> str:
    """A line with one mark, at this column or at the nearest end."""
    before = min(width - 1, max(0, round(at)))
    return " " * before + mark + " " * (width - 1 - before)
