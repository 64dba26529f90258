"""The socket between a process and its launcher: orders come down, signs of life go up.

When it closes, or the process has another parent, the launcher is gone, which is also an order to end.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
from collections import deque


class Lifeline:
    """A process's end of the lifeline."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._launcher = os.getppid()
        self._text = ""
        self._untold: deque[bytes] = deque()

    def orders(self) -> list[str]:
        """What was ordered since the last call: `begin`, `halt` (stand still), `interrupt` (end early), `release` (go).

        Also `warn` and a list of sentences in JSON: what is wrong with the run, to be shown.
        """
        if os.getppid() != self._launcher:
            return ["release"]
        self._send()
        if not self.wait(0):
            return []
        try:
            received = self._end.recv(4096).decode()
        except ConnectionResetError:
            received = ""
        if not received:
            return ["release"]
        *orders, self._text = (self._text + received).split("\n")
        return orders

    def wait(self, seconds: float) -> bool:
        """Waits for an order, at most so long; returns whether one came."""
        return bool(select.select([self._end], [], [], seconds)[0])

    def report(self, event: str, lost: dict[str, int], unkept: str = "") -> None:
        """Tells the launcher something: `ready` (built), `alive`, `halted`, `ended` (but there for others), `left`.

        `unkept` is what the node cannot save at the moment, and why.

        A launcher that was stopped (Ctrl-Z) reads nothing, and nobody waits for it: what does not fit any more is sent
        later, and signs of life are left out. Only who leaves waits.
        """
        told = json.dumps({"event": event, "lost": sum(lost.values()), "unkept": unkept})
        self._untold.append(f"{told}\n".encode())
        self._send(0 if event == "left" else socket.MSG_DONTWAIT)
        if event == "alive" and self._untold:
            self._untold.pop()

    def _send(self, flags: int = socket.MSG_DONTWAIT) -> None:
        """Sends what is to be told, as far as it fits."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, BlockingIOError):  # gone: `orders` will see it
            while self._untold:
                self._end.sendall(self._untold[0], flags)
                self._untold.popleft()
