"""The process of `tutelage join` that speaks with the launcher: packets, one a line, to and from the agent.

The agent itself has no ZeroMQ sockets and no threads, because it forks the nodes.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
from pathlib import Path
from typing import Any

from tutelage.supervision import child
from tutelage.transport import sockets
from tutelage.transport.curve import Key

LAST_MS = 500
"""How long the last packets have."""


class Wire:
    """The agent's end of it. When the other end of `lifeline`, a file number, is closed, both processes end."""

    def __init__(self, address: str, server: str, key: Key, log: Path, lifeline: int | None = None) -> None:
        self.process = child.fork("wire", lambda line: _pass(line, address, server, key, lifeline), log)
        self._text = b""

    def send(self, **told: Any) -> None:
        """Sends a packet. Raises OSError if the process is gone."""
        self.process.lifeline.sendall(json.dumps(told).encode() + b"\n")

    def close(self) -> None:
        """Ends the process, once it has sent the last packets."""
        self.process.lifeline.close()
        with contextlib.suppress(ChildProcessError):  # it has been waited for already
            os.waitpid(self.process.pid, 0)

    def fileno(self) -> int:
        return self.process.lifeline.fileno()

    def receive(self) -> list[dict[str, Any]]:
        """The packets that have come. Raises ConnectionError if the process is gone."""
        if not select.select([self], [], [], 0)[0]:
            return []
        received = self.process.lifeline.recv(2**20)
        if not received:
            raise ConnectionError("the process that speaks with the launcher is gone; start `join` again")
        *lines, self._text = (self._text + received).split(b"\n")
        return [json.loads(line) for line in lines]


def _pass(line: socket.socket, address: str, server: str, key: Key, lifeline: int | None) -> None:
    context, text = sockets.Context(), b""
    door = sockets.dealer(context, address, server=server, key=key)
    while True:
        poller = sockets.Poller()
        for one in (line, door, *([] if lifeline is None else [lifeline])):
            poller.register(one, sockets.READABLE)
        ready = dict(poller.poll())
        if lifeline in ready:
            return
        if line.fileno() in ready:
            received = line.recv(2**20)
            if not received:
                sockets.leave(context, door, LAST_MS)
                return
            *packets, text = (text + received).split(b"\n")
            for packet in packets:
                if not sockets.offer(door, packet):  # what is lost is sent again
                    door.close()
                    door = sockets.dealer(context, address, server=server, key=key)
        while (frames := sockets.packet(door)) is not None:
            line.sendall(frames[-1] + b"\n")
