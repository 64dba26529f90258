"""Starts a graph's processes, keeps them alive, stops them in good order.

Its promises, each with a test: nobody outlives the launcher; a dead node is noticed at once and started again within
its budget, where it was; when the budget is spent the run ends and that node's last lines are shown; a first
interrupt ends the run in good order within HALT_SECONDS and STOP_SECONDS, a second one at once, but for LEAVE_SECONDS
in which a machine is stopped; after either a run without machines can be resumed as if nothing had happened.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import shutil
import signal
import time
from functools import partial
from pathlib import Path

from tutelage.assignment import Assignment
from tutelage.graph import Graph, NodePlan
from tutelage.input.problems import Refusal
from tutelage.supervision import child, cores, leftovers, limits, registry, roles, sweeper
from tutelage.supervision.apart import Writer
from tutelage.supervision.child import Child
from tutelage.supervision.outcome import Outcome
from tutelage.supervision.parting import KILL_SECONDS, Parting
from tutelage.supervision.signals import Signals
from tutelage.supervision.signs import Signs
from tutelage.supervision.warnings import Warnings
from tutelage.transport.sockets import address

HALT_SECONDS = 2.0
"""How long nodes have to stand still, before they are interrupted. If one is too busy, all are ended at once."""

STOP_SECONDS = 2.0
"""How long nodes have to end after an interrupt."""

RECORDER_SECONDS = 10.0
"""A recorder's lease is no longer than this: what all others keep for it would grow for ever."""

CANNOT_BEGIN = "this system does not let the run begin: {}"


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
        self.signs = Signs()
        self.outcome.silences = self.signs.silences
        self._writer = Writer()
        self._warnings = Warnings()
        self._lost: dict[tuple[str, int], int] = {}  # by node and process
        self._stop_at = float("inf")
        self._selector = selectors.DefaultSelector()

    def run(self) -> Outcome:
        """Runs the graph to its end."""
        if why := self._prepare():
            self.outcome.refuse(why)
            return self.outcome
        self._shared_core = dict.fromkeys(cores.sharing(self.graph), cores.own())
        self._hurried = cores.hurried(self.graph)
        with Signals(self.interrupt, unsuspended=bool(self.graph.by_the_clock())) as signals:
            self._selector.register(signals, selectors.EVENT_READ, signals)
            try:
                for name in self.plans:
                    self._start(name, 0)
                self._watch()
            except OSError as error:
                self._lacking(error)
            finally:
                self._clear()
        if self.outcome.broken or self.outcome.unkept:
            self.outcome.exit_code = 1
        return self.outcome

    def _prepare(self) -> str:
        """Makes the run's folders, sweeps what killed runs have left, starts the sweeper; why that cannot be, if so."""
        if why := limits.lacks_files(len(self.plans)):
            return why
        try:
            (self.run_dir / "logs").mkdir(parents=True, exist_ok=True)
            leftovers.sweep_all()
            self.secret = secrets.token_bytes(32)
            self.socket_dir = registry.enter(self.run_name, self.run_dir, self.secret)
            self._lock = leftovers.hold(self.socket_dir)
            self._sweeper = self._start_sweeper()
        except OSError as error:
            return CANNOT_BEGIN.format(error)
        except Refusal as error:
            return str(error)
        return ""

    def _lacking(self, error: OSError) -> None:
        """The system gives the launcher no more processes or files."""
        if self.begun:
            self.outcome.broken = f"the launcher cannot go on: {error}"
        else:
            self.outcome.refuse(CANNOT_BEGIN.format(error))

    def _start_sweeper(self) -> Child:
        """It knows the processes that run already, and is told of all others."""
        log, others = self.run_dir / "logs" / "sweeper.log", self.children.values()
        running = {node.pid for node in others}
        return child.fork("sweeper", lambda line: sweeper.sweep(line, self.socket_dir, running), log, others)

    def _start(self, name: str, life: int) -> None:
        plan = self.plans[name]
        listeners, core = self.graph.listeners(plan), self._shared_core.get(name)
        place = Assignment(
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
        if plan.run:
            self.signs.begin(name, started.pid)
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
        body = partial(registry.note, self.run_dir, self.socket_dir, os.getpid(), listed)
        self._writer.write("the list of the run's processes", body, [*self.children.values(), self._sweeper])

    def _watch(self) -> None:
        while not self._over():
            self._attend(0.1)
            self._bury()
            self._writer.look()
            self._begin()
            self._interrupt_the_halted()
            self._look_for_sockets()
            self.signs.look()
            self._end_leases()
            self._warn()

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
        out_of_time = self._hurries() or time.monotonic() > self._stop_at
        return out_of_time or self.outcome.ends_early or roles.deciding(self.plans) <= self.ended

    def _look_for_sockets(self) -> None:
        """Without its sockets a run would wait for ever: no node could meet one that is started again."""
        for name in self.ready & self.children.keys():
            if not Path(address(self.socket_dir, name, "links").removeprefix("ipc://")).exists():
                self.outcome.broken = f"the sockets of this run are gone from {self.socket_dir}: who has removed them?"

    def _hear(self, node: Child) -> None:
        for event in node.events():
            self.signs.look()
            self._note_unkept(node.name, str(event.get("unkept", "")))
            if event["event"] == "refused":
                self._refused(node.name, str(event["why"]))
                continue
            if event["event"] == "failed":
                self.hopeless[node.name] = str(event["why"])
                continue
            if event["event"] == "unsaved":
                self.outcome.broken = f"{node.name} cannot save {event['unkept']}"
            if event["event"] == "ready":
                self.ready.add(node.name)
            if event["event"] == "halted":
                self.halted.add(node.name)
            plan = self.plans[node.name]
            anew = roles.looks_on(plan) or roles.records(plan)  # others go on counting from their checkpoint
            life = node.pid if anew else 0
            self._lost[node.name, life] = int(str(event["lost"]))
            self.outcome.lost = sum(self._lost.values())
            if event["event"] == "ended":
                self.ended.add(node.name)
                self._note()

    def _note_unkept(self, name: str, unkept: str) -> None:
        self.signs.answered(name, unkept)
        self.outcome.unkept.pop(name, None)
        if unkept:
            self.outcome.unkept[name] = unkept

    def _refused(self, name: str, why: str) -> None:
        """Before anything was done the run ends; later the node has failed, and would again."""
        if self.begun:
            self.hopeless[name] = why
        else:
            self.outcome.refuse(why)

    def _end_leases(self) -> None:
        """Kills who has not answered for too long. Its successor hears again what it has not acknowledged."""
        for name in self.children.keys() - self.ended:
            plan = self.plans[name]
            lease = min(self.graph.lease, RECORDER_SECONDS) if roles.records(plan) else self.graph.lease
            if plan.run and self.signs.is_dead(name, lease):
                self.children[name].kill(signal.SIGKILL)

    def _warn(self) -> None:
        silent = self.signs.silent()
        screens = [node for name, node in self.children.items() if name not in silent and roles.shows(self.plans[name])]
        self._warnings.say(self.signs.warnings(), screens)

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
            self.signs.end(node.name)
            self._selector.unregister(node.lifeline)
        else:
            node.kill(signal.SIGKILL)  # what a program has left behind
        node.lifeline.close()
        self._sweeper.tell(f"-{node.pid}")
        self.ready.discard(node.name)
        del self.children[node.name]

    def _died(self, plan: NodePlan) -> None:
        now = time.monotonic()
        deaths = self.deaths[plan.name] = [t for t in self.deaths[plan.name] if now - t < plan.restart_seconds] + [now]
        hope = plan.name not in self.hopeless and not roles.acts_on_the_world(plan)
        if hope and len(deaths) <= plan.restarts:
            self.outcome.restarts[plan.name] = self.outcome.restarts.get(plan.name, 0) + 1
            self.ended.discard(plan.name)
            self._start(plan.name, self.outcome.restarts[plan.name])
        elif plan.required and not roles.looks_on(plan):
            self.outcome.failed, self.outcome.exit_code = plan.name, 1
            self.outcome.why = self.hopeless.get(plan.name, "")
        else:
            self.ended.add(plan.name)

    def _clear(self) -> None:
        """Ends all that is left, and removes the sockets."""
        Parting(self.plans, self.children, self._attend_to_the_end, self._hurries).part()
        self._writer.wait(lambda: 0.0 if self._hurries() else KILL_SECONDS)
        os.close(self._lock)  # from now on this process bears no mark of the run: the sweeper may kill all that do
        self._sweeper.lifeline.close()
        if not self.children:  # else the sweeper waits for them
            self._sweeper.kill(signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):  # it has been waited for already
                os.waitpid(self._sweeper.pid, 0)
            leftovers.end(self.socket_dir)
            shutil.rmtree(self.socket_dir, ignore_errors=True)

    def _hurries(self) -> bool:
        """After a second interrupt."""
        return self.interrupts > 1

    def _attend_to_the_end(self, seconds: float) -> None:
        self._attend(seconds)
        for node in list(self.children.values()):
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
        return {name for name, plan in self.plans.items() if plan.run and not roles.looks_on(plan)}

    def _order(self, order: str, seconds: float) -> None:
        """Tells all nodes what they have so many seconds for."""
        self.orders.append(order)
        self._stop_at = time.monotonic() + seconds
        for node in self.children.values():
            node.tell(order)
