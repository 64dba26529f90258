"""What a robot publishes about itself: the guard's state when it changes, and how well deadlines are kept."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tutelage import Message
from tutelage.drivers.guard import Guard
from tutelage.drivers.pace import Pace
from tutelage.input.problems import complain
from tutelage.messages import Safety

TIMING_SECONDS = 1.0
"""How often Timing is published."""


class Diagnostics:
    """Remembers what was published last."""

    def __init__(self, guard: Guard, pace: Pace) -> None:
        self.guard, self.pace = guard, pace
        self._state = ("", "")  # the guard's state and reason
        self._timed = 0  # when Timing was published, in ns

    def begin(self, now: int) -> None:
        self._timed = now

    def news(self, at: tuple[int, int], refused: int, last: bool = False) -> Iterator[Message]:
        """What is new at a logical time; the `last` news always have a Timing."""
        now = time.monotonic_ns()
        state = (self.guard.state.value, self.guard.reason)
        if state != self._state:
            self._state = state
            complain(": ".join(filter(None, state)))
            yield Safety(*at, state=state[0], reason=state[1])
        if last or now - self._timed > TIMING_SECONDS * 1e9:
            self._timed = now
            yield self.pace.timing(at, refused, self.guard.stops)
