"""The limits of a robot's file, and the nearest command within them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tutelage.input.problems import Problem, Refusal

Vector = NDArray[np.float64]


class Bounded(NamedTuple):
    """The nearest command within the limits, and which limits bound it; if there is none, why."""

    command: Vector | None
    why: str


@dataclass(frozen=True)
class Limits:
    """Arrays by accepted channel unless stated otherwise; times in nanoseconds.

    The position limits bound the command itself, the step limit its distance from what is measured, the rate its
    distance from the last applied command. Only a measured channel has a step.
    """

    low: Vector
    high: Vector
    step: Vector
    """how far a command may be from what is measured; inf: no limit"""
    rate: Vector
    """units a second; inf: no limit"""
    safe: Vector
    """the command of the safe state, where the channel is not measured"""
    measured: NDArray[np.int64]
    """which observed channel measures it, in the same unit and frame; -1: none does"""
    observed_low: Vector
    observed_high: Vector
    """[observes]"""
    moves: NDArray[np.bool_]
    """[accepts, observes] whether commands of the one should change the other"""
    stuck: NDArray[np.int64]
    """[observes] how long a reading may stay the same under commands that should change it"""
    period: int
    apply: int
    hold: int
    reach: Vector = field(init=False)
    """`step`, inf where nothing measures it"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "reach", np.where(self.measured < 0, np.inf, self.step))

    def scaled(self, scale: float) -> Limits:
        """Limits of this fraction: step and rate, and the range about the safe command where nothing measures it.

        Raises:
            Refusal: limits are only lowered.
        """
        if not 0 < scale <= 1:
            raise Refusal([Problem("limit_scale", f"must be above 0 and at most 1, but is {scale:g}")])
        free = self.measured < 0
        low, high = (np.where(free, self.safe + scale * (end - self.safe), end) for end in (self.low, self.high))
        return replace(self, low=low, high=high, step=scale * self.step, rate=scale * self.rate)

    def at_rest(self, readings: Vector | None) -> Vector:
        """The command that changes nothing: the measured value, else the safe one."""
        if readings is None:
            return self.safe
        return np.where(self.measured < 0, self.safe, readings[self.measured])

    def within(self, command: Vector) -> Vector:
        """The nearest command within the position limits."""
        return np.minimum(np.maximum(command, self.low), self.high)

    def near(self, command: Vector, measured: Vector) -> Vector:
        """The nearest command within the position limits that is no further than a step from what is measured."""
        return self.within(np.minimum(np.maximum(command, measured - self.reach), measured + self.reach))

    def nearest(self, requested: Vector, measured: Vector, applied: Vector, elapsed: int) -> Bounded:
        """The command nearest to the requested one that all limits allow.

        Args:
            measured: as `at_rest` has it.
            applied: where the rate counts from.
            elapsed: how long ago that was applied; more than a period counts as one.
        """
        pace = self.rate * (max(1, min(elapsed, self.period)) / 1e9)
        near_low, near_high = measured - self.reach, measured + self.reach
        slow_low, slow_high = applied - pace, applied + pace
        floor = np.maximum(np.maximum(self.low, near_low), slow_low)
        ceiling = np.minimum(np.minimum(self.high, near_high), slow_high)
        if (floor > ceiling).any():
            told, at = ([float(f"{one:.4g}") for one in values] for values in (applied, measured))
            return Bounded(None, f"position, step and rate leave no command: it is at {at}, and was told {told}")
        within = self.within(requested)
        near = np.minimum(np.maximum(within, near_low), near_high)
        slow = np.minimum(np.maximum(near, slow_low), slow_high)
        pairs = (("position", requested, within), ("step", within, near), ("rate", near, slow))
        met = ", ".join(name for name, before, after in pairs if (before != after).any())
        return Bounded(slow, met and f"limited: {met}")
