"""The socket between a process and its launcher: orders come down, signs of life go up.

When it closes, or the process has another parent, the launcher is gone, and that is an order too: go.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket


class Lifeline:
    """A process's end of it."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._launcher = os.getppid()
        self._text = ""

    def orders(self) -> list[str]:
        """What was ordered since the last call: `begin`, `halt` (stand still), `interrupt` (end early), `release` (go).

        Also `warn` and a list of sentences in JSON: what is wrong with the run, to be shown.
        """
        if os.getppid() != self._launcher:
            return ["release"]
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
        """Waits for an order, at most so long; whether one came."""
        return bool(select.select([self._end], [], [], seconds)[0])

    def report(self, event: str, lost: dict[str, int], unkept: str = "") -> None:
        """Tells the launcher something: `ready` (built), `alive`, `halted`, `ended` (but there for others), `left`.

        `unkept` is what the node cannot save at the moment, and why.

        A launcher that was stopped (Ctrl-Z) reads nothing. Then signs of life that do not fit any more are left out:
        who drives a machine must not wait.
        """
        told = json.dumps({"event": event, "lost": sum(lost.values()), "unkept": unkept})
        unread = (BlockingIOError,) if event == "alive" else ()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, *unread):  # gone, which `orders` will see
            self._end.sendall(f"{told}\n".encode(), socket.MSG_DONTWAIT if unread else 0)
