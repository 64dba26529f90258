"""A driver's connection: finite commands only; a stop is repeated until the device confirms it, without waiting."""

from __future__ import annotations

import contextlib

import numpy as np

from tutelage.drivers.driver import Driver, DriverError
from tutelage.drivers.limits import Vector

TRIES = 10
"""A device that does not confirm a stop is told to stop so often; then it is closed."""


class Connection:
    """Each method asks the device once.

    Attributes:
        is_open: whether it is connected.
    """

    def __init__(self, driver: Driver) -> None:
        self.driver, self.is_open = driver, False
        self._tries = 0  # of the last stop

    def open(self) -> None:
        """Connects it, if it is not, and stops it.

        Raises:
            DriverError: it cannot be connected, or does not stop.
        """
        if not self.is_open:
            self.driver.connect()
            self.is_open = True
        self.driver.stop()

    def write(self, command: Vector) -> Vector:
        """Writes a command; returns the values that the device reports as applied.

        Raises:
            DriverError: it fails, or one of the two is not finite.
        """
        if not np.isfinite(command).all():
            raise DriverError(f"the limits turned a command into {command.tolist()}: is one not a number?")
        applied = np.asarray(self.driver.write(command), float)
        if applied.shape != command.shape or not np.isfinite(applied).all():
            raise DriverError(f"the driver says it applied {applied.tolist()} when told {command.tolist()}")
        return applied

    def halt(self) -> str:
        """Tells it to stop; returns why it did not, empty if it did or is not connected."""
        try:
            if self.is_open:
                self.driver.stop()
        except DriverError as error:
            self._tries = 1
            return f"it could not be stopped: {error}"
        return ""

    def fail(self) -> None:
        """After a fault: tells it to stop and disconnects; if it does not answer, call `insist` afterwards."""
        self._tries = 0
        self.insist()

    def insist(self) -> None:
        """Repeats the stop. Disconnects when the device confirms it, or after enough attempts."""
        if not self.is_open:
            return
        self._tries += 1
        try:
            self.driver.stop()
        except DriverError:
            if self._tries < TRIES:
                return
        self.let_go()

    def let_go(self) -> None:
        """Closes it, whatever it answers."""
        with contextlib.suppress(DriverError):
            self.close()

    def close(self) -> None:
        """Closes it, if it is open.

        Raises:
            DriverError: it does not stop. It is closed all the same.
        """
        if self.is_open:
            self.is_open = False
            self.driver.close()
