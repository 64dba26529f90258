"""Ends a run's processes: by a request, then SIGTERM, then SIGKILL; first the deciding nodes, then the observers."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tutelage.graph import NodePlan
from tutelage.supervision import roles
from tutelage.supervision.child import Child

LEAVE_SECONDS = 0.4
"""How long processes have to exit after the request, and again after SIGTERM."""

KILL_SECONDS = 2.0
"""How long to wait for a killed process: one that waits for a disk ends only when the disk answers."""

LOOK_SECONDS = 0.02


@dataclass
class Shutdown:
    """The end of a run's processes.

    Attributes:
        children: the processes that are there; `attend` removes those that have exited.
        attend: waits for their reports, up to this many seconds.
        hurries: whether people want the end at once. Then only nodes that act on the world get time.
    """

    plans: Mapping[str, NodePlan]
    children: Mapping[str, Child]
    attend: Callable[[float], None]
    hurries: Callable[[], bool]

    def run(self) -> None:
        """Ends all processes, except those that wait for a disk."""
        deciding = roles.deciding(self.plans)
        for group in ([name for name in self.children if name in deciding], list(self.children)):
            for node in self._here(group):
                node.tell("release")
            for last in (None, signal.SIGTERM, signal.SIGKILL):
                self._wait(group, last)

    def _wait(self, group: list[str], last: signal.Signals | None) -> None:
        deadline = time.monotonic() + (KILL_SECONDS if last is signal.SIGKILL else LEAVE_SECONDS)
        if last:
            for node in self._here(group):
                node.kill(last)
        while self._is_awaited(group, last) and time.monotonic() < deadline:
            self.attend(LOOK_SECONDS)

    def _here(self, group: list[str]) -> list[Child]:
        return [self.children[name] for name in group if name in self.children]

    def _is_awaited(self, group: list[str], last: signal.Signals | None) -> bool:
        """Whether a process must be waited for."""
        here = self._here(group)
        if not self.hurries() or last is signal.SIGKILL:
            return bool(here)
        return last is signal.SIGTERM and any(roles.acts_on_the_world(self.plans[node.name]) for node in here)
