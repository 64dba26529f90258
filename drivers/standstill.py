"""Ends a run in which nothing moves: nobody arms the robot, begins an episode, or answers."""

from __future__ import annotations

from tutelage.drivers.guard import MAY_MOVE, Guard
from tutelage.drivers.starter import Starter
from tutelage.drivers.trail import Trail
from tutelage.input.problems import Problem, Refusal


class Standstill:
    """Fails when no episode has made progress for `patience` seconds; 0: never."""

    def __init__(self, guard: Guard, trail: Trail, starter: Starter, patience: float) -> None:
        self.guard, self.trail, self.starter, self.patience = guard, trail, starter, patience
        self._since = 0  # ns

    def begin(self, now: int) -> None:
        self._since = now

    def check(self, actor: str, now: int) -> None:
        """Call it each period.

        Raises:
            Refusal: a sentence that says why nothing moves.
        """
        why = self._why(actor)
        self._since = self._since if why else now
        if self.patience and now - self._since > self.patience * 1e9:
            raise Refusal([Problem("robot", f"nothing has moved for {self.patience:g} s, and {why}")])

    def _why(self, actor: str) -> str:
        """Why no episode is making progress; empty if one is."""
        if self.guard.state not in MAY_MOVE:
            return f"nobody has armed it: {self.guard.reason}"
        if not self.trail.running and self.starter.by_itself:
            return "no episode has begun: the robot has not reached a position in which one can begin"
        if not self.trail.running:
            return "no episode has begun: nobody has asked for one"
        return "" if self.trail.answered else f"the {actor} does not answer"
