"""What all nodes with an operator have in common."""

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
        """Shows how things stand, and asks for the operator's commands.

        It shows first: what was said at the last tick is saved by now, so that the screen may say so. It says what
        cannot be saved where takes are to be `safe`.
        """
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
