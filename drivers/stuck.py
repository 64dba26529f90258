"""Finds stuck sensors: a reading stays exactly the same while commands should change it.

Time counts for each observed channel, and only while a command that should move it is well away from rest. A command
near rest pauses the clock; only a changed reading resets it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tutelage.drivers.limits import Limits, Vector

STIRRING = 0.1
"""Beyond this part of its range away from rest a command must move what it moves; or beyond half its step."""


class Watch:
    """Watches each reading.

    Attributes:
        stood: [observes] how long each channel has stood still under commands, in nanoseconds.
    """

    def __init__(self, limits: Limits) -> None:
        self.limit(limits)
        self.stood = np.zeros(limits.stuck.shape)
        self._seen: Vector | None = None
        self._looked = 0

    def limit(self, limits: Limits) -> None:
        """Watches by these limits from now on; what has stood still has done so all the same."""
        self._limits = limits
        self._stirring = np.minimum(STIRRING * (limits.high - limits.low) / 2, limits.reach / 2)

    def look(self, readings: Vector, command: Vector | None, now: int) -> None:
        """Takes a reading, and the command in effect since the last one, if any."""
        elapsed = min(now - self._looked, self._limits.hold)
        self._looked = now
        if self._seen is None:
            self._seen = readings
            return
        self.stood[readings != self._seen] = 0.0
        self._seen = readings
        if command is not None:
            stirred = np.abs(command - self._limits.at_rest(readings)) > self._stirring
            self.stood += elapsed * (stirred @ self._limits.moves)

    @property
    def stuck(self) -> NDArray[np.bool_]:
        """[observes] which channels are stuck. They stay stuck until they move."""
        return self.stood >= self._limits.stuck
