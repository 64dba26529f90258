"""Interventions: the steps that a person drives in place of a policy, as takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tutelage.memory import Memory
from tutelage.messages import Take
from tutelage.teaching.seat import Seat


class Interventions(Memory):
    """Each is a kept take, which may be discarded until the next one. HG-DAgger learns from them (Kelly et al. 2019).

    Attributes:
        recorded: whether they are recorded, for the screen.
        last: the last intervention.
    """

    keeps = ("last",)

    def __init__(self, seat: Seat, recorded: bool) -> None:
        self.seat, self.recorded = seat, recorded
        self.last: Take | None = None

    def end(self, why: str) -> Iterator[Take]:
        """Publishes the steps since the operator took over, or since the episode began."""
        seat, session = self.seat, self.seat.session
        session.notice = why
        if seat.driven.length:
            kept = "recorded" if self.recorded else "not recorded"
            session.notice = f"{why}; intervention {session.take}: {seat.driven.length} steps, {kept}"
            self.last = seat.driven.take(session.take, "kept", seat.person, f"{seat.device.name} over policy", seed=0)
            yield self.last
            session.take, session.kept = session.take + 1, session.kept + self.recorded
        seat.start_over()

    def discard(self) -> Iterator[Take]:
        """Discards the last one."""
        if self.last and self.last.verdict == "kept":
            self.last = self.last.reversed()
            self.seat.session.kept -= self.recorded
            self.seat.session.notice = f"intervention {self.last.take} discarded"
            yield self.last

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        self.last = Take(*state["last"]) if state["last"] else None
