"""The common part of all nodes with an operator."""

from __future__ import annotations

from typing import Any

from tutelage import Node
from tutelage.teaching.devices.device import OperatorCommand
from tutelage.teaching.seat import Seat


class Operated(Node):
    """A node that acts for an operator in a seat."""

    order = "arrival"
    clock = interruptible = screen = True
    seat: Seat

    def look(self, now: float, safe: bool = True) -> list[OperatorCommand]:
        """Updates the screen, and returns the operator's commands.

        The screen comes first: takes of the last tick are saved by now, so it may show them as kept. If takes must be
        `safe`, it shows why they cannot be saved.
        """
        self.seat.screen.run_dir = self.run_dir
        self.seat.show(now, self.unkept if safe else "")
        return self.seat.wishes(now)

    def warn(self, sentences: list[str]) -> None:
        self.seat.progress.warnings = sentences

    def interrupt(self) -> None:
        self.done = True

    def state(self) -> dict[str, Any]:
        return self.seat.state() | super().state()

    def load(self, state: dict[str, Any]) -> None:
        self.seat.load(state)
        super().load(state)
