"""The zeros and directions of a device's channels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tutelage.drivers.driver import Channel, Driver, Reading


class Calibrated(Driver):
    """A driver with calibrated channels: value = direction * (raw - zero), for readings, commands and ranges."""

    def __init__(self, driver: Driver, zero: Mapping[str, float], direction: Mapping[str, int]) -> None:
        self.raw = driver
        self._zero, self._direction = zero, direction
        self.observes = tuple(map(self._counted, driver.observes))
        self.accepts = tuple(map(self._counted, driver.accepts))
        self.watchdog_seconds = driver.watchdog_seconds
        self._seen, self._told = (
            (_by_channel(channels, zero, 0), _by_channel(channels, direction, 1))
            for channels in (driver.observes, driver.accepts)
        )

    def frame(self, name: str) -> tuple[float, int]:
        """Zero and direction of a channel."""
        return self._zero.get(name, 0.0), self._direction.get(name, 1)

    def _counted(self, channel: Channel) -> Channel:
        """A channel with its calibrated range."""
        zero, direction = self.frame(channel.name)
        low, high = sorted(direction * (bound - zero) for bound in channel[2:])
        return channel._replace(low=low, high=high)

    def connect(self) -> None:
        self.raw.connect()

    def read(self) -> Reading:
        raw, captured = self.raw.read()
        zero, direction = self._seen
        return Reading(direction * (raw - zero), captured)

    def write(self, command: NDArray[np.float64]) -> NDArray[np.float64]:
        zero, direction = self._told
        return direction * (self.raw.write(direction * command + zero) - zero)

    def stop(self) -> None:
        self.raw.stop()

    def place(self, seed: int) -> None:
        self.raw.place(seed)

    def close(self) -> None:
        self.raw.close()


def _by_channel(channels: tuple[Channel, ...], values: Mapping[str, float], default: float) -> NDArray[np.float64]:
    return np.array([values.get(channel.name, default) for channel in channels], float)
