"""Absolute deadlines, and how well they were kept. No clock: the time is passed in, in nanoseconds."""

from __future__ import annotations

import math

from tutelage.messages import Timing


class Pace:
    """A deadline every period. A deadline whose tick comes a period late or more is missed: counted, and left out.

    Attributes:
        deadline: the next one.
        ticks, missed: how many deadlines were kept, and how many were not.
        interval_max: the longest time between two ticks, in nanoseconds.
    """

    def __init__(self, rate: float) -> None:
        self.period = round(1e9 / rate)
        self.deadline = self.ticks = self.missed = self.interval_max = self.elapsed = 0
        self._last = self._answers = self._latency = 0
        self._squares = 0.0

    def begin(self, now: int) -> None:
        """Counts deadlines from here on: at the start, and after the loop had to wait for something on purpose."""
        self._last, self.deadline = now, now + self.period

    def keep(self, now: int) -> None:
        """A tick at its deadline, or after it."""
        interval, late = now - self._last, max(0, now - self.deadline)
        self.ticks += 1
        self.elapsed += interval
        self.missed += late // self.period
        self.deadline += (late // self.period + 1) * self.period
        self.interval_max = max(self.interval_max, interval)
        self._squares += interval**2
        self._last = now

    def answered(self, latency: int) -> None:
        """Counts an answer that was written `latency` nanoseconds after its observation was captured."""
        self._answers += 1
        self._latency += latency

    def timing(self, at: tuple[int, int], refused: int, stops: int) -> Timing:
        """The statistics, as a message at a logical time."""
        return Timing(
            *at,
            seconds_up=self.elapsed / 1e9,
            rate_mean=self.rate_mean,
            interval_max=self.interval_max / 1e9,
            interval_std=self.interval_std / 1e9,
            latency_mean=self._latency / max(1, self._answers) / 1e9,
            deadlines_missed=self.missed,
            commands_refused=refused,
            stops=stops,
        )

    @property
    def rate_mean(self) -> float:
        """Ticks a second."""
        return self.ticks / self.elapsed * 1e9 if self.elapsed else 0.0

    @property
    def interval_std(self) -> float:
        """Standard deviation of the time between ticks, in nanoseconds."""
        if not self.ticks:
            return 0.0
        return math.sqrt(max(0.0, self._squares / self.ticks - (self.elapsed / self.ticks) ** 2))
