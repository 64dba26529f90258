"""Learning curves in the characters of a terminal: one chart under the other, on the same axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tutelage.nodes.screens.averaging import Curve

LEFT = 10
"""Columns before the chart, for the numbers of its axis."""

ROWS = 8
DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""The bits of the dots of a braille character, 4 rows and 2 columns."""


def chart(title: str, curves: Sequence[Curve], width: int) -> str:
    """All curves, in so many columns. The interval is dotted above and below the mean."""
    low, high = min(curve.low.min() for curve in curves), max(curve.high.max() for curve in curves)
    right = max(curve.steps[-1] for curve in curves)
    lines = [title]
    for curve in curves:
        lines += ["", curve.text(), *_drawn(curve, (low, high), right, max(10, width - LEFT - 2))]
    steps = f"{right:,.0f} steps"
    return "\n".join([*lines, f"{'':{LEFT}} 0{steps:>{max(10, width - LEFT - 2) - 1}}"])


def _drawn(curve: Curve, span: tuple[float, float], right: float, columns: int) -> Iterator[str]:
    """The rows of a chart, with the greatest, the middle and the least value beside them."""
    dots = np.zeros((4 * ROWS, 2 * columns), bool)
    for values, every in ((curve.mean, 1), *(((curve.low, 4), (curve.high, 4)) if curve.seeds > 1 else ())):
        x = np.arange(dots.shape[1])
        steps = x * right / (dots.shape[1] - 1)
        shown = (curve.steps[0] <= steps) & (steps <= curve.steps[-1]) & (x % every == 0)
        y = _row(np.interp(steps, curve.steps, values), span)
        _join(dots, x[shown], y[shown], joined=every == 1)
    low, high = span
    marks = {0: high, ROWS // 2: (low + high) / 2, ROWS - 1: low}
    for i, line in enumerate(_characters(dots)):
        yield f"{f'{marks[i]:.4g}' if i in marks else '':>{LEFT}} {line}".rstrip()


def _row(values: np.ndarray, span: tuple[float, float]) -> np.ndarray:
    """The row of dots of each value, counted from above."""
    low, high = span
    share = (values - low) / (high - low) if high > low else np.full(values.shape, 0.5)
    return np.rint((1 - share) * (4 * ROWS - 1)).astype(int)


def _join(dots: np.ndarray, x: np.ndarray, y: np.ndarray, joined: bool) -> None:
    """Sets a dot for each point, and where they are `joined` the dots between two that stand far apart."""
    dots[y, x] = True
    for i in range(len(x) - 1) if joined else ():
        dots[min(y[i], y[i + 1]) : max(y[i], y[i + 1]) + 1, x[i + 1]] = True


def _characters(dots: np.ndarray) -> Iterator[str]:
    """Dots [4 rows, 2 columns] as lines of braille characters."""
    cells = dots.reshape(ROWS, 4, -1, 2).transpose(0, 2, 1, 3)
    for line in (cells * DOTS).sum(axis=(2, 3)):
        yield "".join(chr(0x2800 + bits) if bits else " " for bits in line)
