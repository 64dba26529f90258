"""Curves in a terminal, a line each, of plain text."""

from __future__ import annotations

import numpy as np

BLOCKS = " ▁▂▃▄▅▆▇█"


def sparkline(values: np.ndarray, width: int) -> str:
    """A curve [steps] as at most `width` characters: its lowest value is the lowest block, its highest the highest.

    With more steps than characters, each character shows the mean of its steps.
    """
    parts = np.array_split(np.asarray(values, float), min(width, len(values)))
    means = np.array([part.mean() for part in parts])
    low, high = means.min(), means.max()
    heights = (means - low) / (high - low) if high > low else np.full(len(means), 0.5)
    return "".join(BLOCKS[1 + int(height * (len(BLOCKS) - 2))] for height in heights)


def curves(names_and_values: list[tuple[str, np.ndarray]], width: int) -> list[str]:
    """A line each of name, curve, lowest and highest value."""
    indent = max(len(name) for name, _ in names_and_values)
    room = max(10, width - indent - 26)
    return [
        f"{name:{indent}}  {sparkline(values, room):{room}}  {values.min():.4g} to {values.max():.4g}"
        for name, values in names_and_values
    ]
