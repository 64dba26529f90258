"""The other machines of a run, as its launcher sees them: whom it waits for, and the processes that meet them."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tutelage.graph import Graph, NodePlan
from tutelage.input.problems import Problem, Refusal, complain
from tutelage.invocation import installing, program
from tutelage.supervision import child, roles
from tutelage.supervision.child import Child
from tutelage.supervision.machines import keys, ports
from tutelage.supervision.machines.door import Door
from tutelage.supervision.machines.elsewhere import Elsewhere
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
        lines: the door's process, and the one that speaks with Ray, as far as they are needed.
        waiting: the machines that have not joined yet.
        nodes: the names of the nodes on them.
    """

    def __init__(self) -> None:
        self.lines: list[Child] = []
        self.waiting: list[str] = []
        self.nodes: set[str] = set()
        self._starts: list[Callable[[Collection[Child]], Child]] = []

    def open(self, graph: Graph, run: str, sockets: SocketFolder, run_dir: Path, elsewhere: Elsewhere) -> None:
        """Opens the door for the machines of a graph, if there are any.

        Raises:
            Refusal: the launcher has no address for them or cannot use it, or no key of one of them is allowed.
        """
        self.nodes = {plan.name for plan in graph.nodes if plan.host}
        self.waiting = sorted({plan.host for plan in graph.nodes if plan.host})
        if not self.waiting:
            return
        _check(graph, elsewhere)
        placed = {plan.host: plan.on for plan in graph.nodes if plan.on}
        joining = [host for host in self.waiting if host not in placed]
        address, port = _reached(elsewhere)
        self._ports = ports.Ports("", address, [plan.name for plan in graph.nodes if not plan.host], {})
        places, key = Places("", Key.new(), self._ports.places), keys.own() if joining else Key.new()
        where = self._ports.hold(address, f"tcp://{address}:{port}" if port else "")

        def door(line: socket.socket) -> None:
            Door(graph, run, sockets.path, sockets.secret, places, where, key).serve(line)

        def ray(line: socket.socket) -> None:
            from tutelage.supervision.machines import placement  # it starts what imports this

            told = placement.Run(run, run_dir, where.removeprefix("tcp://"), key.public)
            placement.serve(placed, elsewhere.ray, told, sockets.path, line)

        for name, body in (("door", door), *([("ray", ray)] if placed else [])):
            self._starts.append(partial(child.fork, name, body, run_dir / f"logs/{name}.log"))
            self.lines.append(self._starts[-1]([sockets.sweeper, *self.lines]))
        if joining:
            print(f"waiting for {', '.join(joining)}: type there `{program()} join NAME {address}:{port}`, with the "
                  f"name that this machine's key has there", flush=True)  # fmt: skip
        if placed:
            print(f"waiting for Ray at {elsewhere.ray} to find machines: {_told(placed)}", flush=True)

    def gather(self, outcome: Outcome, attend: Callable[[float], None], is_over: Callable[[], bool]) -> None:
        """Waits until all machines have joined. Attends to signals meanwhile, which may end the run."""
        while self.waiting and not is_over():
            attend(LOOK_SECONDS)
            self.look(outcome)

    def look(self, outcome: Outcome, others: Collection[Child] = ()) -> None:
        """Hears whom the processes wait for, or why the run cannot be; starts those again that were killed."""
        for index, line in enumerate(self.lines):
            gone = line.exit_status() is not None
            for told in line.events():
                self._hear(outcome, **told)
            if gone:
                line.lifeline.close()
                rest = [one for one in self.lines if one is not line]
                self.lines[index] = self._starts[index]([*others, *rest])

    def _hear(self, outcome: Outcome, event: str, why: str = "", waiting: list[str] | None = None) -> None:
        self.waiting = self.waiting if waiting is None else waiting
        if event == "refused" and self.waiting:
            outcome.refuse(why)
        elif event == "refused":
            outcome.broken = why  # amid the run, which must not lose its traces
        elif event == "note":
            complain(why)

    def close(self) -> None:
        """Tells the machines that the run is over, and frees the ports."""
        for line in self.lines:
            line.lifeline.close()
            deadline = time.monotonic() + CLOSE_SECONDS
            while (status := line.exit_status()) is None and time.monotonic() < deadline:
                time.sleep(0.01)
            if status is None:
                line.kill(signal.SIGKILL)
        if self.lines:
            self._ports.close()


def _reached(elsewhere: Elsewhere) -> tuple[str, int]:
    """Where other machines reach this one: as stated, or where Ray's head node does, at any free port (0)."""
    if elsewhere.listen:
        address, port = ports.parsed(elsewhere.listen)
        if address == "0.0.0.0":
            raise Refusal([Problem(elsewhere.listen, "name the address at which the others reach this machine")])
        return address, port
    return ports.own_address(ports.parsed(elsewhere.ray)[0]), 0


def _told(placed: Mapping[str, Mapping[str, Any]]) -> str:
    return "; ".join(f"{host} with {json.dumps(on)}" for host, on in placed.items())


def _check(graph: Graph, elsewhere: Elsewhere) -> None:
    """Raises Refusal if the launcher cannot be reached, a machine is not known, or cannot have its node."""
    problems = [problem for plan in graph.nodes if plan.host for problem in _problems(plan, elsewhere)]
    if elsewhere.ray and find_spec("ray") is None:
        problems.append(Problem("--ray", f"Ray is not installed: {installing('ray')}"))
    problems += _out_of_reach(graph)
    if problems:
        raise Refusal(problems)
    for host in {plan.host for plan in graph.nodes if plan.host and not plan.on}:
        keys.known(host)


def _problems(plan: NodePlan, elsewhere: Elsewhere) -> Iterator[Problem]:
    """Why a node cannot be on its machine."""
    if plan.on and not elsewhere.ray:
        what = "it is to run on a machine that Ray chooses: say where Ray's head node is, for example"
        yield Problem(plan.name, f"{what} --ray 10.0.0.1:6379")
    elif not (plan.on or elsewhere.listen):
        what = "say where that machine reaches this one, for example --listen 10.0.0.1"
        yield Problem(plan.name, f"it is to run on {plan.host}: {what}")
    if roles.shows(plan) or roles.is_observer(plan):
        what = f"it shows the run, which only the launcher's machine can: no {'on' if plan.on else 'host'}: {plan.host}"
        yield Problem(plan.name, what)
    if plan.on and roles.writes(plan):
        what = "it writes results in the run's folder, where one process alone may: leave it at the launcher"
        yield Problem(plan.name, what)


def _out_of_reach(graph: Graph) -> list[Problem]:
    """A problem for each program that is a node and hears, or is heard, on another machine: it has no keys."""
    plans = {plan.name: plan for plan in graph.nodes}
    links = [(plans[sender], plan) for plan in graph.nodes for senders in plan.hears.values() for sender in senders]
    return [
        Problem(plan.name, f"{sender.name} speaks to it from another machine, which a program of your own cannot: "
                "give both the same host")
        for sender, plan in links if sender.host != plan.host and (sender.types or plan.types)
    ]  # fmt: skip
