"""The other machines of a run, as its launcher sees them: whom it waits for, and the process of its door."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Collection
from pathlib import Path

from tutelage.graph import Graph
from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import program
from tutelage.supervision import child, roles
from tutelage.supervision.child import Child
from tutelage.supervision.machines import keys, ports
from tutelage.supervision.machines.door import Door
from tutelage.supervision.outcome import Outcome
from tutelage.supervision.socket_folder import SocketFolder
from tutelage.transport.curve import Key
from tutelage.transport.places import Places

LOOK_SECONDS = 0.1

CLOSE_SECONDS = 2.0
"""How long the door has to tell the machines that the run is over."""


class Hosts:
    """A run's machines besides the launcher's; without any it does nothing.

    Attributes:
        lines: the door's process, if there is one.
        waiting: the machines that have not joined yet.
        nodes: the names of the nodes on them.
    """

    def __init__(self) -> None:
        self.lines: list[Child] = []
        self.waiting: list[str] = []
        self.nodes: set[str] = set()

    def open(self, graph: Graph, run: str, sockets: SocketFolder, run_dir: Path, listen: str) -> None:
        """Opens the door for the machines of a graph, if there are any.

        Raises:
            Refusal: the launcher has no address for them, or no key of one of them is allowed.
        """
        self.nodes = {plan.name for plan in graph.nodes if plan.host}
        self.waiting = sorted({plan.host for plan in graph.nodes if plan.host})
        if not self.waiting:
            return
        _check(graph, listen)
        address, port = ports.parsed(listen)
        here = [plan.name for plan in graph.nodes if not plan.host]
        self._ports = ports.Ports("", address, here, {})
        places = Places("", Key.new(), self._ports.places)
        where = f"tcp://{address}:{port}"

        def body(line: socket.socket) -> None:
            Door(graph, run, sockets.path, sockets.secret, places, where).serve(line)

        print(f"waiting for {', '.join(self.waiting)}: type there `{program()} join NAME {address}:{port}`, with the "
              f"name that this machine's key has there", flush=True)  # fmt: skip

        def start(others: Collection[Child]) -> Child:
            return child.fork("door", body, run_dir / "logs/door.log", others)

        self._start = start
        self.lines = [self._start([sockets.sweeper])]

    def gather(self, outcome: Outcome, attend: Callable[[float], None], is_over: Callable[[], bool]) -> None:
        """Waits until all machines have joined. Attends to signals meanwhile, which may end the run."""
        while self.waiting and not is_over():
            attend(LOOK_SECONDS)
            self.look(outcome)

    def look(self, outcome: Outcome, others: Collection[Child] = ()) -> None:
        """Hears from the door whom it waits for, or why the run cannot begin; starts it again if it was killed."""
        for door in self.lines:
            gone = door.exit_status() is not None
            for told in door.events():
                self.waiting = told.get("waiting", self.waiting)
                if told["event"] == "refused":
                    outcome.refuse(told["why"])
            if gone:
                door.lifeline.close()
                self.lines = [self._start(others)]

    def close(self) -> None:
        """Tells the machines that the run is over, and frees the ports."""
        for door in self.lines:
            door.lifeline.close()
            deadline = time.monotonic() + CLOSE_SECONDS
            while (status := door.exit_status()) is None and time.monotonic() < deadline:
                time.sleep(0.01)
            if status is None:
                door.kill(signal.SIGKILL)
        if self.lines:
            self._ports.close()


def _check(graph: Graph, listen: str) -> None:
    """Raises Refusal if the launcher cannot be reached, a machine is not known, or cannot have its node."""
    problems = []
    for plan in graph.nodes:
        if plan.host and not listen:
            what = (
                f"it is to run on {plan.host}: say where that machine reaches this one, for example --listen 10.0.0.1"
            )
            problems.append(Problem(plan.name, what))
        if plan.host and (roles.shows(plan) or roles.is_observer(plan)):
            problems.append(
                Problem(plan.name, f"it shows the run, which only the launcher's machine can: no host: {plan.host}")
            )
    problems += _out_of_reach(graph)
    if problems:
        raise Refusal(problems)
    for host in {plan.host for plan in graph.nodes if plan.host}:
        keys.known(host)


def _out_of_reach(graph: Graph) -> list[Problem]:
    """A problem for each program that is a node and hears, or is heard, on another machine: it has no keys."""
    plans = {plan.name: plan for plan in graph.nodes}
    links = [(plans[sender], plan) for plan in graph.nodes for senders in plan.hears.values() for sender in senders]
    return [
        Problem(plan.name, f"{sender.name} speaks to it from another machine, which a program of your own cannot: "
                "give both the same host")
        for sender, plan in links if sender.host != plan.host and (sender.types or plan.types)
    ]  # fmt: skip
