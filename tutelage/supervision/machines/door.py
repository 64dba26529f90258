"""The launcher's door, a process of its own: machines join the run here, and it passes packets between them and the
launcher's stand-ins. It keeps nothing, so it can be killed and started again.

What a machine says, once a second until it is answered, and the door's answers:

    {ask}                              {welcome: the run, its graph, secret and key, ...} or {refused: why}
    {cannot: why}                      a node cannot run there
    {here, launch, places, ...}        {places} once all machines are here, or {refused: why}
    {node, launch, life, ...}          the packets of stand_in.py
                                       {over: true} at the end, and to who is of a former launch of the run

`launch` is the public half of the run's key, which is new for each launch.
"""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

from tutelage.graph import Graph, traits
from tutelage.supervision.machines import keys, lives
from tutelage.supervision.machines.stand_in import DOOR
from tutelage.supervision.machines.types import difference, fingerprints
from tutelage.transport import places as known_places
from tutelage.transport import sockets
from tutelage.transport.curve import Gate, Key
from tutelage.transport.places import Place, Places

OVER_MS = 1000
"""How long the door tries to tell the machines that the run is over."""


class Door:
    """The door of one run. `places` has the launcher's own nodes at first; then those of each machine that has come.
    `key` is the launcher's."""

    def __init__(
        self, graph: Graph, run: str, folder: Path, secret: bytes, places: Places, listen: str, key: Key
    ) -> None:
        self.graph, self.run_name, self.folder, self.secret = graph, run, folder, secret
        self.places = known_places.of(folder) or places
        self._hosts = {plan.name: plan.host for plan in graph.nodes if plan.host}
        self._agents: dict[str, bytes] = {}  # by machine: its connection, the newest
        self._context = context = sockets.Context()
        self._gate = Gate(context, key, lambda one: keys.name_of(one) or lives.name_of(folder, one))
        self._outside = sockets.router(context, listen, self._gate)
        self._inside = sockets.router(context, f"ipc://{folder / DOOR}")
        self._gate.open()

    def serve(self, lifeline: socket.socket) -> None:
        """Serves until the launcher is gone. Tells it when all machines are here, or why one cannot be."""
        self._lifeline = lifeline
        self._report()
        poller = sockets.Poller()
        for one in (lifeline, self._outside, self._inside):
            poller.register(one, sockets.READABLE)
        while lifeline.fileno() not in dict(poller.poll()):
            while (packet := sockets.packet(self._inside)) is not None:
                node, body = packet
                self._send(self._hosts[node.decode()], body)
            while (sent := sockets.sent(self._outside)) is not None:
                self._hear(*sent)
        for host in self._agents:
            self._send(host, _packed(over=True))
        self._gate.close()
        self._inside.close()
        sockets.leave(self._context, self._outside, OVER_MS)

    def _hear(self, name: str, connection: bytes, body: bytes) -> None:
        """Hears a machine, whose name its key has shown. For one of a former launch, and for a former life of one that
        Ray chose, the run is over."""
        host, _, key = name.partition(" ")
        told, launch = json.loads(body), self.places.key.public
        if key != lives.key_of(self.folder, host) or told.get("launch", launch) != launch:
            self._outside.send_multipart([connection, _packed(over=True)])
            return
        self._agents[host] = connection
        if "node" in told:
            if self._hosts.get(told["node"]) == host:
                self._inside.send_multipart([told["node"].encode(), body])
        elif host not in self._hosts.values():
            self._send(host, _packed(refused=f"no node of this run is to run on {host}"))
        elif "here" in told:
            self._take_in(host, told)
        elif "cannot" in told:
            self._refuse(told["cannot"])  # a second `join`, for example, amid a run says so to its own user alone
        else:
            self._send(host, _packed(welcome=self._welcome(host)))

    def _welcome(self, host: str) -> dict[str, Any]:
        """All that a machine needs. It may lack the classes of others' nodes, so their traits are told."""
        plans = [replace(plan, traits=sorted(traits(plan))) for plan in self.graph.nodes]
        placed = any(plan.on for plan in self.graph.nodes if plan.host == host)  # it may be another machine now
        before = {} if placed else {name: one for name, one in self.places.nodes.items() if one.host == host}
        told = {"run": self.run_name, "secret": self.secret.hex(), "key": self.places.key, "host": host}
        return {**told, "graph": replace(self.graph, nodes=plans).to_json(), "before": before}

    def _take_in(self, host: str, told: dict[str, Any]) -> None:
        """Takes in the places of a machine's nodes; tells it all places once they are known."""
        ours = [plan for plan in self.graph.nodes if plan.host == host]
        if wrong := difference(fingerprints(ours), told["fingerprints"]):
            why = f"{host} has another version of {wrong}: install the same version of tutelage on both machines"
            self._send(host, _packed(refused=why))
            self._refuse(why)
            return
        news = {plan.name: Place(host, *told["places"][plan.name][1:]) for plan in ours}
        if not news.items() <= self.places.nodes.items():
            self.places.nodes.update(news)
            self._report()
        if self._complete:
            self._send(host, _packed(places=self.places.nodes))

    @property
    def _complete(self) -> bool:
        return self._hosts.keys() <= self.places.nodes.keys()

    def _report(self) -> None:
        """Tells the launcher whom it waits for; once all are here, writes down where everybody is."""
        if self._complete:
            self.places.write(self.folder)
        waiting = sorted({host for name, host in self._hosts.items() if name not in self.places.nodes})
        self._lifeline.sendall(_packed(event="here", waiting=waiting) + b"\n")

    def _refuse(self, why: str) -> None:
        """Refuses the run, if it waits for a machine. Amid a run whoever comes too late or wrongly changes nothing."""
        if self._complete:
            return
        self._lifeline.sendall(_packed(event="refused", why=why) + b"\n")

    def _send(self, host: str, body: bytes) -> None:
        if host in self._agents:
            self._outside.send_multipart([self._agents[host], body])


def _packed(**told: Any) -> bytes:
    return json.dumps(told).encode()
