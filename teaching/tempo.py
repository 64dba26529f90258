"""The pace at which an operator drives a simulator."""

from __future__ import annotations

from tutelage.input.problems import Problem, Refusal
from tutelage.tasks.drawn import steps_per_second
from tutelage.tasks.task import Task


class Tempo:
    """Steps of a simulator at `rate` * `speed` a second; without a rate as fast as possible, or at the task's own rate.

    Attributes:
        period: seconds between two steps; 0: as fast as possible.
        due: when the next step is due, in seconds of the monotonic clock.
        notice: a sentence for the operator; empty if there is nothing to say.
    """

    def __init__(self, task: Task, rate: float, speed: float, person: bool) -> None:
        """Decides on the period. A `person` who gives no rate drives at the task's own.

        Raises:
            Refusal: the rate, the speed or the task does not exist.
        """
        if rate < 0 or speed <= 0:
            what = f"rate is {rate}, speed {speed}: give a rate of 0 or more, and a speed above 0"
            raise Refusal([Problem("teleoperator", what)])
        if not rate:
            environment = task.make()
            rate = steps_per_second(environment) if person else 0.0
            environment.close()
        self.rate, self.person = rate, person
        self.due = 0.0
        self.change(speed)

    def change(self, speed: float) -> None:
        """Goes on at another speed."""
        self.period = 1 / (self.rate * speed) if self.rate else 0.0
        slow = self.person and self.period
        self.notice = f"{1 / self.period:g} steps a second; speed:={2 * speed:g} is twice as fast" if slow else ""

    def step(self, now: float) -> None:
        """Counts a step that is done now. A late step does not delay the following ones: the mean rate is kept."""
        self.due = max(self.due, now - self.period) + self.period
