"""The interface of a device: five methods, and the channels it observes and accepts, known before it is connected.

    class Motor(Driver):
        observes = (Channel("position", "rad", -3.2, 3.2),)
        accepts = (Channel("torque", "N m", -2.0, 2.0),)

A driver checks nothing and decides nothing: the guard in front of it does (drivers/guard.py). Its parameters are those
of its constructor, and are given in the robot's file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Channel(NamedTuple):
    """One number that a device observes or accepts; `low` and `high` are its extremes."""

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
    """A device does not answer, or answers wrongly: one sentence that says what, where and what to do."""


@contextmanager
def failing(what: str, advice: str = "") -> Iterator[None]:
    """Converts any exception of a device's library, which declares none, into a DriverError."""
    try:
        yield
    except DriverError:
        raise
    except Exception as error:
        then = f": {advice}" if advice else ""
        raise DriverError(f"{what} ({type(error).__name__}: {error}){then}") from error


class Driver(ABC):
    """A device."""

    observes: tuple[Channel, ...]
    accepts: tuple[Channel, ...]
    watchdog_seconds: float | None = None
    """after how long without a command the device stops by itself; None: unknown"""
    needs: Mapping[str, str] = {}
    """modules that it needs to connect, and what to do if one is not installed"""

    @abstractmethod
    def connect(self) -> None:
        """Opens the device and arms its own watchdog, if it has one. It must not move.

        Raises:
            DriverError: as do all methods. If this one raises it leaves nothing open, and no other is called.
        """

    @abstractmethod
    def read(self) -> Reading:
        """The newest measurement."""

    @abstractmethod
    def write(self, command: NDArray[np.float64]) -> NDArray[np.float64]:
        """Writes commands [accepts], in their units; returns what the device was really told (rounded, quantised)."""

    @abstractmethod
    def stop(self) -> None:
        """Brings the device into its safe state. May be called at any moment, more than once.

        It must not wait longer than about 50 ms for an answer: an operator's order waits, and the guard repeats it.
        """

    def place(self, seed: int) -> None:
        """Moves the robot to where an episode begins, by its own routine if it has one; `seed` says where exactly."""
        return

    @abstractmethod
    def close(self) -> None:
        """Closes the stopped device."""


class ClosingDriver(Driver):
    """Closes what a failed connection has opened, and stops a device before it closes it."""

    def connect(self) -> None:
        try:
            self._open()
        except DriverError:
            self._disconnect()
            raise

    def close(self) -> None:
        try:
            self.stop()
        finally:
            self._disconnect()

    @abstractmethod
    def _open(self) -> None:
        """Opens the device, and makes sure that it answers."""

    @abstractmethod
    def _disconnect(self) -> None:
        """Closes what is open of it, if anything."""
