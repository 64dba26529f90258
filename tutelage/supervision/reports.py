"""What the processes of a run have reported to the launcher."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from tutelage.graph import NodePlan
from tutelage.supervision import roles
from tutelage.supervision.child import Child
from tutelage.supervision.liveness import Liveness
from tutelage.supervision.outcome import Outcome

UNKEPT_SECONDS = 10.0
"""How long a run that has ended waits for nodes that cannot save, for example on a full disk."""


class Reports:
    """The nodes that are ready (built), paused, halted or ended; what is lost or unsaved goes into the outcome.

    Attributes:
        begun: all nodes were built. A node may refuse its parameters before that; afterwards it can only fail.
        hopeless: why nodes failed that would fail again.
    """

    def __init__(self, plans: Mapping[str, NodePlan], outcome: Outcome) -> None:
        self.plans, self.outcome, self.liveness = plans, outcome, Liveness()
        outcome.silences = self.liveness.silences
        self.begun = False
        self._reached = {"ready": set[str](), "paused": set[str](), "halted": set[str](), "ended": set[str]()}
        self.ready, self.paused, self.halted, self.ended = self._reached.values()
        self.hopeless: dict[str, str] = {}
        self._lost: dict[tuple[str, int], int] = {}  # by node and process
        self._ended_at = math.inf

    def hear(self, node: Child) -> None:
        """Reads what a process has reported since the last call."""
        for report in node.events():
            self.liveness.look()
            self._take(node, **report)

    def over(self) -> bool:
        """Whether the nodes that decide so have ended, and all is saved or could not be for UNKEPT_SECONDS."""
        if not roles.deciding(self.plans) <= self.ended:
            self._ended_at = math.inf
            return False
        self._ended_at = min(self._ended_at, time.monotonic())
        return not any(self.liveness.unkept.values()) or time.monotonic() > self._ended_at + UNKEPT_SECONDS

    def _take(self, node: Child, event: str, why: str = "", lost: int = 0, unkept: str = "") -> None:
        self._note_unkept(node.name, unkept)
        if event == "refused" and not self.begun:
            self.outcome.refuse(why)
        elif event in ("refused", "failed"):
            self.hopeless[node.name] = why
        else:
            self._note_lost(node, lost)
        if event == "unsaved":
            self.outcome.broken = f"{node.name} cannot save {unkept}"
        if event in self._reached:
            self._reached[event].add(node.name)

    def _note_unkept(self, name: str, unkept: str) -> None:
        self.liveness.answered(name, unkept)
        self.outcome.unkept.pop(name, None)
        if unkept:
            self.outcome.unkept[name] = unkept

    def _note_lost(self, node: Child, lost: int) -> None:
        """Counts lost messages. Restarted observers and recorders count from zero, others from their checkpoint."""
        plan = self.plans[node.name]
        process = node.pid if roles.is_observer(plan) or roles.records(plan) else 0
        self._lost[node.name, process] = lost
        self.outcome.lost = sum(self._lost.values())
