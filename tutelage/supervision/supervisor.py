"""Starts a graph's processes, keeps them alive, stops them in good order.

Its promises, each with a test: nobody outlives the launcher; a dead node is noticed at once and started again within
its budget, where it was; when the budget is spent the run ends and that node's last lines are shown; a first
interrupt ends the run in good order within HALT_SECONDS and STOP_SECONDS, a second one at once, but for LEAVE_SECONDS
in which a machine is stopped; after either a run without machines can be resumed as if nothing had happened.
"""

from __future__ import annotations

import os
import secrets
import selectors
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from tutelage.graph import Graph, NodePlan, node_class
from tutelage.node import Node
from tutelage.problems import complain
from tutelage.process import Place
from tutelage.supervision import child, cores, registry, sweeper
from tutelage.supervision.child import Child
from tutelage.supervision.signals import Signals

HALT_SECONDS = 2.0
"""How long nodes have to stand still, before they are interrupted. If one is too busy, all are ended at once."""

STOP_SECONDS = 2.0
"""How long nodes have to end after an interrupt."""

SILENT_SECONDS = 1.5
"""A process that gives no sign of life for so long is reported. It may be busy or stopped; it is not restarted."""

LEASE_SECONDS = 10.0
"""But a recorder is, after so long: nobody waits for it, and what all others keep for it would grow for ever."""

REFUSED = 2
"""The exit code of a run that one of its nodes has refused before anything was done."""

LEAVE_SECONDS = 0.4
"""How long they have to leave when released, before SIGTERM, and after it before SIGKILL."""


@dataclass
class Outcome:
    """How a run ended."""

    exit_code: int = 0
    signal: int = 0
    """the number of the signal that interrupted it; 0: none did"""
    restarts: dict[str, int] = field(default_factory=dict)
    silences: dict[str, float] = field(default_factory=dict)
    """longest time without a sign of life, in seconds, of nodes that were silent for longer than SILENT_SECONDS"""
    lost: int = 0
    """messages that observers missed"""
    refusal: str = ""
    """why a node cannot do what the launch file asks of it: nothing was done"""
    failed: str = ""
    """the node that could not be kept alive"""
    why: str = ""
    """what it said of it itself: then it was not started again, for it would have failed there again"""


class Supervisor:
    """The processes of one run."""

    def __init__(self, graph: Graph, run_dir: Path, run: str) -> None:
        self.graph, self.run_dir, self.run_name = graph, run_dir, run
        self.plans = {plan.name: plan for plan in graph.nodes}
        self.children: dict[str, Child] = {}
        self.ready: set[str] = set()
        self.ended: set[str] = set()
        self.halted: set[str] = set()
        self.orders: list[str] = []
        """what all were told after `begin`: who is started again is told it, too"""
        self.deaths: dict[str, list[float]] = {name: [] for name in self.plans}
        self.hopeless: dict[str, str] = {}  # why nodes have failed that would fail there again
        self.outcome = Outcome()
        self.begun = False
        self.interrupts = 0
        self._heard: dict[str, float] = {}
        self._looked = time.monotonic()
        self._lost: dict[tuple[str, int], int] = {}  # by node and process
        self._stop_at = float("inf")
        self._selector = selectors.DefaultSelector()

    def run(self) -> Outcome:
        """Runs the graph to its end."""
        (self.run_dir / "logs").mkdir(parents=True, exist_ok=True)
        self.secret = secrets.token_bytes(32)
        self.socket_dir = registry.enter(self.run_name, self.run_dir, self.secret)
        self._sweeper = self._start_sweeper()
        self._shared_core = dict.fromkeys(cores.sharing(self.graph), cores.own())
        self._hurried = cores.hurried(self.graph)
        with Signals(self.interrupt, unsuspended=bool(self.graph.by_the_clock())) as signals:
            self._selector.register(signals, selectors.EVENT_READ, signals)
            try:
                for name in self.plans:
                    self._start(name, 0)
                self._watch()
            finally:
                self._clear()
        return self.outcome

    def _start_sweeper(self) -> Child:
        """It knows the processes that run already, and is told of all others."""
        log, others = self.run_dir / "logs" / "sweeper.log", self.children.values()
        running = {node.pid for node in others}
        return child.fork("sweeper", lambda line: sweeper.sweep(line, self.socket_dir, running), log, others)

    def _start(self, name: str, life: int) -> None:
        plan = self.plans[name]
        listeners, core = self.graph.listeners(plan), self._shared_core.get(name)
        place = Place(
            self.run_name,
            self.run_dir,
            self.socket_dir,
            life,
            listeners,
            core,
            name in self._hurried,
            self.graph.by_the_clock(),
            self.graph.messages,
            self.graph.sinks(),
            self.secret,
        )
        started = child.start(plan, place, [*self.children.values(), self._sweeper])
        self._sweeper.tell(f"+{started.pid}")
        self.children[name] = started
        for order in self.orders:
            started.tell(order)
        self._heard[name] = time.monotonic()
        if plan.run:
            self._selector.register(started.lifeline, selectors.EVENT_READ, started)
            if self.begun:
                started.tell("begin")
        self._note()

    def _note(self) -> None:
        """Keeps the list of processes in the run's folder, for those who look at it from outside."""
        listed = {
            name: {"pid": node.pid, "restarts": self.outcome.restarts.get(name, 0), "ended": name in self.ended}
            for name, node in self.children.items()
        }
        try:
            registry.note(self.run_dir, self.socket_dir, listed)
        except OSError as error:  # a full disk must not end what runs
            complain(f"the list of the run's processes is not up to date: {error}")

    def _watch(self) -> None:
        while not self._over():
            self._attend(0.1)
            self._bury()
            self._begin()
            self._interrupt_the_halted()
            self._note_silence()
            self._end_leases()

    def _attend(self, seconds: float) -> None:
        """Waits for what is reported, or a signal."""
        for key, _ in self._selector.select(seconds):
            if isinstance(key.data, Child):
                self._hear(key.data)
            else:
                key.data.drain()

    def _begin(self) -> None:
        """Once all have been built: from then on something is done, and no node can refuse any more, only fail."""
        ours = {name for name, plan in self.plans.items() if plan.run}
        if not (self.begun or self.interrupts) and ours <= self.ready | self.ended:
            self.begun = True
            for name in ours & self.children.keys():
                self.children[name].tell("begin")

    def _over(self) -> bool:
        """All have ended, one cannot be kept alive or refuses, or the time after an interrupt is up."""
        out_of_time = self.interrupts > 1 or time.monotonic() > self._stop_at
        return bool(out_of_time or self.outcome.failed or self.outcome.refusal or self._deciding() <= self.ended)

    def _deciding(self) -> set[str]:
        """The nodes whose ends make the run's end: those of ours that do more than look on, or else the programs."""
        return self._keeping() or set(self.plans)

    def _hear(self, node: Child) -> None:
        for event in node.events():
            self._note_silence(node.name)
            self._heard[node.name] = time.monotonic()
            if event["event"] == "refused":
                self._refused(str(event["why"]))
                continue
            if event["event"] == "failed":
                self.hopeless[node.name] = str(event["why"])
                continue
            if event["event"] == "ready":
                self.ready.add(node.name)
            if event["event"] == "halted":
                self.halted.add(node.name)
            self._lost[node.name, node.pid] = int(str(event["lost"]))
            self.outcome.lost = sum(self._lost.values())
            if event["event"] == "ended":
                self.ended.add(node.name)
                self._note()

    def _refused(self, why: str) -> None:
        if not self.begun:
            self.outcome.refusal, self.outcome.exit_code = why, REFUSED

    def _note_silence(self, *names: str) -> None:
        for name in names or [name for name in self.children if self.plans[name].run]:
            silent = self._silence(name)
            if silent > max(SILENT_SECONDS, self.outcome.silences.get(name, 0.0)):
                self.outcome.silences[name] = silent

    def _silence(self, name: str) -> float:
        """Seconds since a sign of life, without the time for which the launcher itself was stopped."""
        now, before = time.monotonic(), self._looked
        self._looked = now
        if now - before > SILENT_SECONDS:
            self._heard = {node: heard + now - before for node, heard in self._heard.items()}
        return now - self._heard[name]

    def _end_leases(self) -> None:
        """Kills recorders that stand still. Their successors hear again what they have not acknowledged."""
        for name in self.children.keys() - self.ended:
            if _records(self.plans[name]) and self._silence(name) > LEASE_SECONDS:
                self.children[name].kill(signal.SIGKILL)

    def _bury(self) -> None:
        """Notices who has died, and starts them again."""
        if self._sweeper.exit_status() is not None:
            self._sweeper.lifeline.close()
            self._sweeper = self._start_sweeper()
        for name, node in list(self.children.items()):
            status = node.exit_status()
            if status is not None:
                self._hear(node)  # its last words
                self._forget(node)
                if self.plans[name].command and status == 0:
                    self.ended.add(name)
                elif not self.outcome.refusal and (status or name not in self.ended):
                    self._died(self.plans[name])

    def _forget(self, node: Child) -> None:
        if self.plans[node.name].run:
            self._selector.unregister(node.lifeline)
        else:
            node.kill(signal.SIGKILL)  # what a program has left behind
        node.lifeline.close()
        self._sweeper.tell(f"-{node.pid}")
        del self.children[node.name]

    def _died(self, plan: NodePlan) -> None:
        now = time.monotonic()
        deaths = self.deaths[plan.name] = [t for t in self.deaths[plan.name] if now - t < plan.restart_seconds] + [now]
        hope = plan.name not in self.hopeless and not _acts_on_the_world(plan)
        if hope and len(deaths) <= plan.restarts:
            self.outcome.restarts[plan.name] = self.outcome.restarts.get(plan.name, 0) + 1
            self.ended.discard(plan.name)
            self._start(plan.name, self.outcome.restarts[plan.name])
        elif plan.required and not (plan.run and node_class(plan.run).observer):
            self.outcome.failed, self.outcome.exit_code = plan.name, 1
            self.outcome.why = self.hopeless.get(plan.name, "")
        else:
            self.ended.add(plan.name)

    def _clear(self) -> None:
        """Releases all: those that decide first, then those that look on; then SIGTERM, then SIGKILL."""
        deciding = self._deciding()
        for group in ([n for n in self.children if n in deciding], list(self.children)):
            self._leave([self.children[name] for name in group if name in self.children])
        self._sweeper.lifeline.close()
        os.waitpid(self._sweeper.pid, 0)
        shutil.rmtree(self.socket_dir, ignore_errors=True)

    def _leave(self, group: list[Child]) -> None:
        for node in group:
            node.tell("release")
        for last in (None, signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + LEAVE_SECONDS
            for node in group:
                if last and node.name in self.children:
                    node.kill(last)
            while self._is_awaited(group, last) and (last is signal.SIGKILL or time.monotonic() < deadline):
                self._attend(0.02)
                self._reap(group)

    def _is_awaited(self, group: list[Child], last: signal.Signals | None) -> bool:
        """Whether some have yet to leave. After a second interrupt only what acts on the world is given time to."""
        plans = [self.plans[node.name] for node in group if node.name in self.children]
        if self.interrupts < 2 or last is signal.SIGKILL:
            return bool(plans)
        return last is signal.SIGTERM and any(map(_acts_on_the_world, plans))

    def _reap(self, group: list[Child]) -> None:
        for node in group:
            if node.name in self.children:
                self._hear(node)
                if node.exit_status() is not None:
                    self._forget(node)

    def interrupt(self, number: int) -> None:
        """Once: end in good order. Twice: at once, when what acts on the world has let it go.

        A run that can be resumed stands still first, so that no checkpoint knows of an end that came too early.
        """
        self.interrupts += 1
        self.outcome.signal, self.outcome.exit_code = number, 128 + number
        if self.orders:
            return
        if self.begun and not self.graph.by_the_clock():
            self._order("halt", HALT_SECONDS)
        else:
            self._order("interrupt", STOP_SECONDS if self.begun else 0.0)

    def _interrupt_the_halted(self) -> None:
        """Once all stand still."""
        if self.orders == ["halt"] and self._keeping() & self.children.keys() <= self.halted:
            self._order("interrupt", STOP_SECONDS)

    def _keeping(self) -> set[str]:
        """The nodes that keep checkpoints."""
        return {name for name, plan in self.plans.items() if plan.run and not node_class(plan.run).observer}

    def _order(self, order: str, seconds: float) -> None:
        """Tells all nodes what they have so many seconds for."""
        self.orders.append(order)
        self._stop_at = time.monotonic() + seconds
        for node in self.children.values():
            node.tell(order)


def _records(plan: NodePlan) -> bool:
    return bool(plan.run and node_class(plan.run).witness is not Node.witness)


def _acts_on_the_world(plan: NodePlan) -> bool:
    return bool(plan.run and node_class(plan.run).realtime)
