"""How people end a run early, and how it comes to the end of its budget.

The first interrupt ends the run in good order. If the run can be resumed, all nodes first save a checkpoint and halt:
no checkpoint contains an early end. The second interrupt ends the run at once; only robots get time to stop.

A learner pauses by itself before the end of its budget, and keeps a checkpoint. Then all others do so, and all
continue together. `--resume RUN budget:=N` extends the run from these checkpoints.
"""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Mapping

from tutelage.graph import Graph
from tutelage.supervision import roles
from tutelage.supervision.child import Child
from tutelage.supervision.reports import Reports

OWNER = "TUTELAGE_OWNER"
"""The environment variable that names the run's owner: the process whose end ends the run, for example a notebook."""

HALT_SECONDS = 2.0
"""How long the nodes have to halt. If one is too busy, the run ends at once."""

STOP_SECONDS = 2.0
"""How long the nodes have to end after an interrupt."""


class Interrupts:
    """The interrupts of a run: their `count`, and the `orders` to all nodes, which a restarted node gets again."""

    def __init__(self, graph: Graph, children: Mapping[str, Child], reports: Reports) -> None:
        self.children, self.reports = children, reports
        self.count = 0
        self.orders: list[str] = []
        self._resumable = not graph.by_the_clock()
        self._owner = int(os.environ.pop(OWNER, 0))
        self._stop_at = float("inf")

    @property
    def hurried(self) -> bool:
        """Whether people want the end at once."""
        return self.count > 1

    @property
    def out_of_time(self) -> bool:
        """Whether the nodes must be ended now."""
        return self.hurried or time.monotonic() > self._stop_at

    def interrupt(self, number: int) -> None:
        """A signal of this number asks the run to end."""
        self.count += 1
        outcome, begun = self.reports.outcome, self.reports.begun
        outcome.signal, outcome.exit_code = number, 128 + number
        if {"halt", "interrupt"} & set(self.orders):
            return
        if begun and self._resumable:
            self._order("halt", HALT_SECONDS)
        else:
            self._order("interrupt", STOP_SECONDS if begun else 0.0)

    def look(self) -> None:
        """Has all nodes pause once one of them has; lets them go on, or end early, once all of them have stopped.

        A run whose owner is gone is interrupted.
        """
        if self._owner and os.getppid() != self._owner and not self.count:
            self.interrupt(signal.SIGHUP)
        nodes, unkept = roles.ours(self.reports.plans) & self.children.keys(), self.reports.outcome.unkept
        if not self.orders and self.reports.paused:
            self._order("pause", math.inf)
        elif self.orders == ["pause"] and nodes <= self.reports.paused:
            self._order("continue", math.inf)
        elif self.orders[-1:] == ["halt"] and nodes <= self.reports.halted and not unkept:
            self._order("interrupt", STOP_SECONDS)  # had a node not saved, a resumed run would differ

    def _order(self, order: str, seconds: float) -> None:
        """Tells all nodes what they have this many seconds for."""
        self.orders.append(order)
        self._stop_at = time.monotonic() + seconds
        for node in self.children.values():
            node.tell(order)
