"""A process of one node, or of several that take turns (`process: NAME` in a launch file).

Nodes that share a process hand their messages on without a socket. Each still has its own checkpoint, lifeline and
connections. So their process comes back as several processes do that were killed together.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from itertools import permutations
from types import FrameType

from tutelage.assignment import Assignment
from tutelage.graph import NodePlan
from tutelage.input.problems import Refusal
from tutelage.node_life import LOOK_SECONDS, Course, NodeLife
from tutelage.transport import sockets


class Process:
    """Runs nodes, each with its lifeline, until they have ended and the launcher releases them."""

    def __init__(self, nodes: Sequence[tuple[NodePlan, socket.socket]], place: Assignment) -> None:
        self.nodes, self.place = nodes, place
        self._lifeline = nodes[0][1]  # of the node whose turn it is
        self._courses: dict[NodeLife, Course] = {}
        self._waits: dict[NodeLife, float] = {}
        self._next_look = 0.0

    def run(self) -> None:
        """Runs the nodes. What ends them for good is reported by the one whose turn it was."""
        try:
            with ExitStack() as closing:
                self._run(self._built(closing))
        except Refusal as error:
            self._report("refused", error)
            raise
        except FloatingPointError as error:  # a restart would reach the same number
            self._report("failed", error)
            raise

    def _report(self, event: str, why: Exception) -> None:
        self._lifeline.sendall((json.dumps({"event": event, "why": str(why)}) + "\n").encode())

    def _built(self, closing: ExitStack) -> list[NodeLife]:
        """Builds the nodes. They are closed whatever happens; a signal does not end a realtime node before that."""
        lives = []
        for plan, lifeline in self.nodes:
            self._lifeline = lifeline
            lives.append(NodeLife(plan, self.place, lifeline))
            closing.callback(lives[-1].node.close)
        if any(life.node.realtime for life in lives):
            _on_signals(_leave)
            closing.callback(_on_signals, signal.SIG_IGN)  # nothing may interrupt `close`
        return lives

    def _run(self, lives: list[NodeLife]) -> None:
        if len(lives) == 1:
            for seconds in lives[0].course():
                lives[0].wait(seconds)
            return
        for one, other in permutations(lives, 2):
            one.bus.listener.join(other.bus.speaker)
        self._courses = {life: life.course() for life in lives}
        self._advance(lives)  # restores them
        for life in lives:
            life.bus.listener.catch_up()
        while self._courses:
            self._advance(self._overdue() or self._handed() or self._waited())

    def _advance(self, lives: Iterable[NodeLife]) -> None:
        """Lets nodes work in turn, each until it waits."""
        for life in lives:
            life.bus.listener.handed, self._lifeline = False, life.lifeline.end
            try:
                self._waits[life] = next(self._courses[life])
            except StopIteration:
                del self._courses[life], self._waits[life]

    def _overdue(self) -> list[NodeLife]:
        """All nodes, every LOOK_SECONDS: one that is handed nothing has orders to read, however busy the others are."""
        if time.monotonic() < self._next_look:
            return []
        self._next_look = time.monotonic() + LOOK_SECONDS
        for life in self._courses:
            life.wait(0)
        return list(self._courses)

    def _handed(self) -> list[NodeLife]:
        """The nodes that others have handed messages. From time to time their connections are served, too."""
        return [life for life in self._courses if (life.bus.due and life.bus.receive(0)) or life.bus.listener.handed]

    def _waited(self) -> list[NodeLife]:
        """Waits until something comes, and returns the nodes that it is for; all of them if nothing comes in time."""
        entries = {entry: life for life in self._courses for entry in life.entries}
        poller = sockets.Poller()
        for entry in entries:
            poller.register(entry, sockets.READABLE)
        came = list(dict.fromkeys(entries[entry] for entry, _ in poller.poll(int(1000 * min(self._waits.values())))))
        for life in came:
            life.wait(0)
        return came or list(self._courses)


def _on_signals(action: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """Sets what the signals that ask a process to end do."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, action)


def _leave(number: int, _: FrameType | None) -> None:
    """Exits the process once: later signals are ignored."""
    _on_signals(signal.SIG_IGN)
    sys.exit(128 + number)
