"""Finds numbers that are not finite (NaN, infinity) or too large to learn from, and ends the run with their names.

A restarted node would fail again, so it is not restarted: the FloatingPointError raised here ends the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

LIMIT = 1e10
"""Observations, actions, rewards and weights are smaller than this.

The learners square float32 numbers, and float32 ends at 3e38. The normaliser divides by 1e-6 or more, so that a square
is at most 1e32, and a million of them can be summed.
"""

FINITE = float("inf")
"""The limit of what need only be finite: losses, an optimiser's moments."""


def within(array: Any, limit: float = LIMIT) -> bool:
    """Whether all numbers are smaller than `limit`. A NaN is not."""
    numbers = np.asarray(array)
    if numbers.dtype.kind == "f" and float(np.vdot(numbers, numbers)) < limit * limit:  # the usual case, twice as fast
        return True
    return bool((np.abs(numbers.astype(float)) < limit).all())


def check(where: str, name: str, array: Any, limit: float = LIMIT, rows: str = "") -> None:
    """Checks that all numbers of an array are within the limit. `rows` names what its first dimension counts.

    Raises:
        FloatingPointError: names the first that is not, for example "copy 3, step 40: observation[1] is nan".
    """
    if within(array, limit):
        return
    found = np.asarray(array, float)
    first = np.argwhere(~(np.abs(found) < limit))[0].tolist()
    value = found[tuple(first)]
    if rows:
        where, first = f"{where}, {rows} {first[0]}", first[1:]
    wanted = "a finite number" if limit == FINITE else f"a number between -{limit:g} and {limit:g}"
    raise FloatingPointError(f"{where}: {name}{first or ''} is {value:g}, and must be {wanted}")


def check_all(where: str, arrays: Mapping[str, Any], limit: float = LIMIT) -> None:
    """Checks each array; raises as `check` does."""
    for name, array in arrays.items():
        check(where, name, array, limit)
