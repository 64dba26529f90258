"""`tutelage join`: runs the nodes of a launcher's run that are to run on this machine.

It is a launcher in small. It forks the nodes and passes on their lifelines, but it decides nothing: when a node has
died, it tells the launcher, which has it started again. If the launcher has not been heard for GONE_SECONDS, or the run
is over, it ends them all. Checkpoints and logs stay on this machine, in `runs/` and the run's name.
"""

from __future__ import annotations

import json
import selectors
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tutelage.assignment import Assignment
from tutelage.graph import Graph
from tutelage.input.problems import Problem, Refusal, complain
from tutelage.supervision import child
from tutelage.supervision.child import Child
from tutelage.supervision.machines.mail import AGAIN_SECONDS, Mail
from tutelage.supervision.machines.ports import Ports, own_address
from tutelage.supervision.machines.stand_in import START
from tutelage.supervision.machines.types import fingerprints
from tutelage.supervision.machines.wire import Wire
from tutelage.supervision.run import load
from tutelage.supervision.shutdown import Shutdown
from tutelage.supervision.signals import Signals
from tutelage.supervision.socket_folder import SocketFolder
from tutelage.transport.curve import Key
from tutelage.transport.places import Place, Places

GONE_SECONDS = 600.0
"""How long the nodes go on when nothing is heard of the launcher."""


class Agent:
    """This machine's part of a run.

    Args:
        welcome: what the launcher's door has told (door.py).
        launcher: the launcher's address.
        run_dir: the run's folder, if this machine shares it with the launcher's; by default one in `runs/`.
        checkpoints: the folder of checkpoints in it.

    Raises:
        Refusal: a node's class cannot be loaded, or a port is taken.
    """

    def __init__(
        self,
        wire: Wire,
        welcome: dict[str, Any],
        launcher: str,
        run_dir: Path | None = None,
        checkpoints: str = "checkpoints",
    ) -> None:
        self.wire, self.host, self.run_name = wire, welcome["host"], welcome["run"]
        self.key, self.secret = Key(*welcome["key"]), bytes.fromhex(welcome["secret"])
        self.graph = Graph.from_json(welcome["graph"])
        sys.path += self.graph.paths
        plans = [replace(plan, host="") for plan in self.graph.nodes if plan.host == self.host]
        self.plans = {plan.name: plan for plan in plans}
        load(replace(self.graph, nodes=plans))
        self.run_dir = run_dir or Path("runs", self.run_name).resolve()
        self.checkpoints = checkpoints
        before = {name: Place(*place) for name, place in welcome["before"].items()}
        self.ports = Ports(self.host, own_address(launcher), self.plans, before)
        self.children: dict[str, Child] = {}
        self.mails: dict[str, Mail] = {}
        self.over = self._hurried = False
        self._nodes: dict[str, Place] = {}  # where they all are
        self._code = 0
        self._selector = selectors.DefaultSelector()
        self._heard, self._due = time.monotonic(), 0.0

    def run(self) -> int:
        """Runs the nodes until the run is over, the launcher is gone, or people interrupt it; returns the exit code."""
        (self.run_dir / "logs").mkdir(parents=True, exist_ok=True)
        if self.checkpoints == "checkpoints":  # of placed ones the next life may have renamed it (lives.py)
            (self.run_dir / self.checkpoints).mkdir(exist_ok=True)
        self.sockets = SocketFolder(self.run_name, self.run_dir, self.secret)
        with Signals(self._interrupt) as signals:
            self._selector.register(signals, selectors.EVENT_READ, signals)
            self._selector.register(self.wire, selectors.EVENT_READ)
            try:
                while not (self.over or self._code or self._is_launcher_gone()):
                    self._turn(0.1)
            finally:
                Shutdown(self.plans, self.children, self._turn, lambda: self._hurried).run()
                self.sockets.close(self.children.values())
                self.ports.close()
        return self._code

    def _interrupt(self, number: int) -> None:
        self._hurried, self._code = self._code > 0, 128 + number

    def _is_launcher_gone(self) -> bool:
        gone = time.monotonic() - self._heard > GONE_SECONDS
        if gone:
            complain(f"nothing was heard of the launcher for {GONE_SECONDS:.0f} s: the nodes here are ended")
            self._code = 1
        return gone

    def _turn(self, seconds: float) -> None:
        """Waits up to `seconds` for packets, reports and ends of processes, and passes them on."""
        self._wait(seconds)
        for packet in self.wire.receive():
            self._heard = time.monotonic()
            self._take(packet)
        self.sockets.look(self.children.values())
        for name in list(self.children):
            self._report(name)
        self._send()

    def _wait(self, seconds: float) -> None:
        """Waits up to `seconds` until something comes, or a process ends."""
        for key, _ in self._selector.select(seconds):
            if isinstance(key.data, Signals):
                key.data.drain()

    def _take(self, packet: dict[str, Any]) -> None:
        self.over |= "over" in packet
        if "refused" in packet:
            raise Refusal([Problem(self.host, packet["refused"])])
        if "places" in packet:
            nodes = {name: Place(*place) for name, place in packet["places"].items()}
            if nodes != self._nodes:
                Places(self.host, self.key, nodes).write(self.sockets.path)
            self._nodes = nodes
        if packet.get("node") in self.plans and self._nodes and not self.over:  # what comes too early is said again
            self._obey(packet)

    def _obey(self, packet: dict[str, Any]) -> None:
        """Passes orders on to a node's process. A newer life of the node begins by replacing that process."""
        name, mail = packet["node"], self.mails.get(packet["node"])
        if mail is None or packet["life"] > mail.life:
            if packet["first"] > 0:  # the beginning went to an earlier agent
                self._say(node=name, life=packet["life"], unknown=True)
                return
            self._end(name)
            mail = self.mails[name] = Mail(name, packet["life"])
        if packet["life"] < mail.life:
            return
        for order in mail.take(packet):
            if order.startswith(START):
                self._start(name, mail.life, **json.loads(order.removeprefix(START)))
            elif name in self.children:
                self.children[name].tell(order)

    def _start(self, name: str, life: int, hurried: bool) -> None:
        place = Assignment(
            self.run_name,
            self.run_dir,
            self.sockets.path,
            self.graph,
            self.secret,
            life,
            hurried=hurried,
            checkpoints=self.checkpoints,
        )
        others = [*self.children.values(), self.sockets.sweeper, self.wire.process]
        started = self.children[name] = child.start([self.plans[name]], place, others)[0]
        self.sockets.sweeper.tell(f"+{started.pid}")
        self._selector.register(started.lifeline, selectors.EVENT_READ)

    def _end(self, name: str) -> None:
        """Ends an earlier life of a node: it must not speak beside the new one."""
        if name in self.children:
            self.children[name].kill(signal.SIGKILL)
            while name in self.children:
                self._wait(AGAIN_SECONDS)
                self._report(name)

    def _report(self, name: str) -> None:
        """Passes a process's reports on, and its end."""
        node, mail = self.children[name], self.mails[name]
        status = node.exit_status()
        for report in node.events():
            mail.say(json.dumps(report))
        if status is None:
            return
        mail.say(f"exit {status}")
        self._selector.unregister(node.lifeline)
        node.lifeline.close()
        self.sockets.sweeper.tell(f"-{node.pid}")
        del self.children[name]

    def _send(self) -> None:
        """Sends what is new; every second also that we are here, and what was not acknowledged."""
        again = time.monotonic() > self._due
        if again:
            self._due = time.monotonic() + AGAIN_SECONDS
            types = fingerprints(list(self.plans.values()))
            self._say(here=True, places=self.ports.places, fingerprints=types)
        for mail in self.mails.values():
            if mail.news or again:
                self._say(**mail.packet())

    def _say(self, **told: Any) -> None:
        """Says something to the door of this launch: one of another launch tells us that ours is over."""
        self.wire.send(launch=self.key.public, **told)
