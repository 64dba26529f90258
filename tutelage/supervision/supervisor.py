"""Starts a graph's processes, keeps them alive, and stops them in good order.

Its promises, each with a test:

- No process outlives the launcher.
- A dead node is noticed at once, and restarted where it was. When its restarts are used up, the run ends and shows the
  node's last lines.
- The first interrupt ends the run in good order within HALT_SECONDS and STOP_SECONDS. The second ends it at once, with
  LEAVE_SECONDS for a robot to stop. After either, a run without a robot can be resumed and ends in the same weights.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tutelage.assignment import Assignment
from tutelage.graph import Graph, NodePlan
from tutelage.input.problems import Refusal
from tutelage.supervision import child, cores, limits, roles
from tutelage.supervision.background import BackgroundWriter
from tutelage.supervision.child import Child
from tutelage.supervision.control import Control
from tutelage.supervision.interrupts import Interrupts
from tutelage.supervision.machines.elsewhere import HERE, Elsewhere
from tutelage.supervision.machines.hosts import Hosts
from tutelage.supervision.orders import Orders
from tutelage.supervision.outcome import Outcome
from tutelage.supervision.process_list import ProcessList
from tutelage.supervision.reports import Reports
from tutelage.supervision.shutdown import KILL_SECONDS, Shutdown
from tutelage.supervision.signals import Signals
from tutelage.supervision.socket_folder import SocketFolder
from tutelage.supervision.warnings import Warnings

RECORDER_SECONDS = 10.0
"""The longest lease of a recorder: all other nodes keep their messages for it, without a limit."""


class Supervisor:
    """The processes of one run."""

    def __init__(self, graph: Graph, run_dir: Path, run: str, elsewhere: Elsewhere = HERE) -> None:
        self.graph, self.run_dir, self.run_name, self._elsewhere = graph, run_dir, run, elsewhere
        self.plans = {plan.name: plan for plan in graph.nodes}
        self.children: dict[str, Child] = {}
        self.outcome = Outcome()
        self.reports = Reports(self.plans, self.outcome)
        self.interrupts = Interrupts(graph, self.children, self.reports)
        self.orders = Orders(self.plans, self.children, self.interrupts)
        self._deaths = defaultdict[str, list[float]](list)
        self._writer, self._warnings, self._hosts = BackgroundWriter(), Warnings(), Hosts()
        self._list = ProcessList(run_dir, self.reports, self._writer)
        self._selector = selectors.DefaultSelector()

    def run(self) -> Outcome:
        """Runs the graph to its end."""
        outcome = self.outcome
        try:
            limits.raise_files(len(self.plans))
            (self.run_dir / "logs").mkdir(parents=True, exist_ok=True)
            self._sockets = SocketFolder(self.run_name, self.run_dir)
            self._run()
        except Refusal as refusal:
            outcome.refuse(str(refusal))
        except OSError as error:
            if self.reports.begun:
                outcome.broken = f"the launcher cannot go on: {error}"
            else:
                outcome.refuse(f"this system does not let the run begin: {error}")
        if outcome.broken or outcome.unkept:
            outcome.exit_code = 1
        return outcome

    def _run(self) -> None:
        self._shared_core = cores.allotted(self.graph)
        self._hurried = cores.hurried(self.graph)
        ctrl_z = self.interrupts.interrupt if self.graph.by_the_clock() else self._suspend  # a robot never waits
        with Signals(self.interrupts.interrupt, ctrl_z) as signals:
            control = Control(self._sockets.path, self.orders.answer)
            for woken in (signals, control):
                self._selector.register(woken, selectors.EVENT_READ, woken)
            try:
                self._hosts.open(self.graph, self.run_name, self._sockets, self.run_dir, self._elsewhere)
                self._hosts.gather(self.outcome, self._attend, self._over)
                for name in self.plans if not self._over() else ():
                    if name not in self.children:  # it has not come with another node of its process
                        self._start(name, 0)
                self._watch()
            finally:
                self._clear()

    def _start(self, name: str, restarts: int) -> None:
        """Starts the process of a node, and with it all nodes that share it."""
        plans, core, sockets = self.graph.together(self.plans[name]), self._shared_core.get(name), self._sockets
        place = Assignment(
            self.run_name, self.run_dir, sockets.path, self.graph, sockets.secret, restarts, core, name in self._hurried
        )
        started = child.start(plans, place, self._lifelines())
        sockets.sweeper.tell(f"+{started[0].pid}")
        for plan, node in zip(plans, started, strict=True):
            self.children[plan.name] = node
            self._welcome(plan, node)

    def _welcome(self, plan: NodePlan, node: Child) -> None:
        """Tells a node's new process the orders so far, and listens to its reports."""
        for order in self.interrupts.orders:
            node.tell(order)
        if plan.kind:
            self.reports.liveness.begin(plan.name, node.pid)
            self._selector.register(node.lifeline, selectors.EVENT_READ, node)
            if self.reports.begun:
                node.tell("begin")

    def _suspend(self, _: int) -> None:
        """Stops all nodes with the launcher, until that is continued (`fg`)."""
        for node in list(self.children.values()):
            node.kill(signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
        for node in list(self.children.values()):
            node.kill(signal.SIGCONT)

    def _lifelines(self) -> list[Child]:
        """All that have a lifeline, which no other process may hold."""
        return [*self.children.values(), self._sockets.sweeper, *self._hosts.lines]

    def _watch(self) -> None:
        while not self._over():
            self._list.write(self.children, self._sockets.path, self._lifelines())
            self._attend(0.1)
            self._restart()
            self._writer.look()
            self._begin()
            self.interrupts.look()
            self._look_for_sockets()
            self.reports.liveness.look()
            self._end_leases()
            self._warn()

    def _over(self) -> bool:
        """Whether all nodes have ended, one cannot be kept alive or refuses, or the time after an interrupt is up."""
        return self.interrupts.out_of_time or self.outcome.ends_early or self.reports.over()

    def _attend(self, seconds: float) -> None:
        """Waits up to `seconds` for a report, a signal or an order."""
        for key, _ in self._selector.select(seconds):
            if isinstance(key.data, Child):
                self.reports.hear(key.data)
            else:
                key.data.drain()

    def _begin(self) -> None:
        """Lets the nodes begin once all have been built: from then on none can refuse, only fail."""
        ours = {name for name, plan in self.plans.items() if plan.kind}
        if not (self.reports.begun or self.interrupts.count) and ours <= self.reports.ready | self.reports.ended:
            self.reports.begun = True
            for name in ours & self.children.keys():
                self.children[name].tell("begin")

    def _look_for_sockets(self) -> None:
        """Ends a run whose sockets are gone: no node could meet a restarted one."""
        if self._sockets.lacks(self.reports.ready & (self.children.keys() - self._hosts.nodes)):
            self.outcome.broken = (
                f"the sockets of this run are gone from {self._sockets.path}; another program has removed them"
            )

    def _end_leases(self) -> None:
        """Kills nodes that have not answered for too long."""
        for name in self.children.keys() - self.reports.ended:
            plan = self.plans[name]
            lease = min(self.graph.lease, RECORDER_SECONDS) if roles.records(plan) else self.graph.lease
            if plan.kind and self.reports.liveness.is_dead(name, lease):
                self.children[name].kill(signal.SIGKILL)

    def _warn(self) -> None:
        liveness = self.reports.liveness
        silent = liveness.silent()
        screens = [node for name, node in self.children.items() if name not in silent and roles.shows(self.plans[name])]
        self._warnings.say(liveness.warnings(), screens)

    def _restart(self) -> None:
        """Restarts the processes that have died, where they may be."""
        self._sockets.look([*self.children.values(), *self._hosts.lines])
        self._hosts.look(self.outcome, [*self.children.values(), self._sockets.sweeper])
        for node, status in list(self._reap()):
            if not self.plans[node.name].kind and status == 0:
                self.reports.ended.add(node.name)
            elif not self.outcome.refusal and (status or node.name not in self.reports.ended):
                self._died(self.plans[node.name])

    def _reap(self) -> Iterator[tuple[Child, int]]:
        """The processes that have died since the last call, and their exit statuses. Reads their last reports."""
        for name, node in list(self.children.items()):
            status = node.exit_status()
            if status is None:
                continue
            self.reports.hear(node)
            if self.plans[name].kind:
                self.reports.liveness.end(name)
                self._selector.unregister(node.lifeline)
            if self.plans[name].command:
                node.kill(signal.SIGKILL)  # what a program has left behind
            node.lifeline.close()
            self._sockets.sweeper.tell(f"-{node.pid}")
            self.reports.ready.discard(name)
            del self.children[name]
            yield node, status

    def _died(self, plan: NodePlan) -> None:
        """Restarts a node within its budget, ends the run if it needs that node, or goes on without it.

        Nodes that share a process die and are restarted together.
        """
        now, name, restarts = time.monotonic(), plan.name, self.outcome.restarts
        hopeless = [one.name for one in self.graph.together(plan) if one.name in self.reports.hopeless]
        deaths = self._deaths[name] = [t for t in self._deaths[name] if now - t < plan.restart_seconds]
        deaths += [now] if name not in self.orders.restarting else []  # one that was asked for is no failure
        self.orders.restarting.discard(name)
        if name in self.orders.stopped:
            self.reports.ended.add(name)
        elif not hopeless and not roles.acts_on_the_world(plan) and len(deaths) <= plan.restarts:
            restarts[name] = restarts.get(name, 0) + 1
            self.reports.ended.discard(name)
            if name not in self.children:
                self._start(name, restarts[name])
        elif plan.required and not roles.is_observer(plan):
            self.outcome.failed, self.outcome.exit_code = (*hopeless, name)[0], 1
            self.outcome.why = self.reports.hopeless.get(self.outcome.failed, "")
        else:
            self.reports.ended.add(name)

    def _clear(self) -> None:
        """Ends all processes that are left, and removes the sockets."""
        Shutdown(self.plans, self.children, self._attend_to_the_end, lambda: self.interrupts.hurried).run()
        self._hosts.close()
        self._writer.wait(lambda: 0.0 if self.interrupts.hurried else KILL_SECONDS)
        self._sockets.close(self.children.values())

    def _attend_to_the_end(self, seconds: float) -> None:
        self._attend(seconds)
        for _ in self._reap():
            pass
