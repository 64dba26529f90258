"""What a device looks like to the rest: five verbs, and what it observes and accepts, known before it is connected.

    class Motor(Driver):
        observes = (Channel("position", "rad", -3.2, 3.2),)
        accepts = (Channel("torque", "N m", -2.0, 2.0),)

A driver checks nothing and decides nothing: the guard in front of it does (drivers/guard.py). Its parameters are those
of its constructor, and are given in the robot's file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Channel(NamedTuple):
    """One number that a device gives or takes; `low` and `high` are the most it can be."""

    name: str
    unit: str
    low: float
    high: float


class Reading(NamedTuple):
    """What a device measured."""

    values: NDArray[np.float64]
    """[observes], in their units"""
    captured: int
    """when, in nanoseconds of the monotonic clock, as near to the measurement as can be known"""


class DriverError(Exception):
    """A device that does not answer, or not as it should: one sentence that says what, where and what to do."""


class Driver(ABC):
    """A device."""

    observes: tuple[Channel, ...]
    accepts: tuple[Channel, ...]
    watchdog_seconds: float | None = None
    """after how long without a command the device stops by itself; None: not that one knows"""
    needs: Mapping[str, str] = {}
    """modules without which it can never be connected, and what to do where one is not installed"""

    @abstractmethod
    def connect(self) -> None:
        """Opens the device and arms its own watchdog, where it has one. It must not move.

        Raises:
            DriverError: as do all verbs. Where this one does it leaves nothing open: no other is called then.
        """

    @abstractmethod
    def read(self) -> Reading:
        """The newest measurement."""

    @abstractmethod
    def write(self, command: NDArray[np.float64]) -> NDArray[np.float64]:
        """Commands [accepts], in their units; what the device was really told (rounded, quantised), likewise."""

    @abstractmethod
    def stop(self) -> None:
        """Brings the device into its safe state, and leaves it there. At any moment, more than once.

        It must not wait long for an answer, some 50 ms: an operator's order waits meanwhile, and the guard repeats it.
        """

    def place(self, seed: int) -> None:
        """Has the robot's own routine, where it has one, put it where an episode begins; `seed` says where exactly."""
        return

    @abstractmethod
    def close(self) -> None:
        """Lets go of the device, stopped."""
