"""The socket between a process and its launcher: orders come down, signs of life go up.

If it closes, or the process gets another parent, the launcher is gone: the process is released.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
from collections import deque

from tutelage.node import Node


class Lifeline:
    """A process's end of the lifeline, and the orders that have come.

    `begun`: the node may work, since all are built. `pausing`: the budget is nearly used, so it must keep a checkpoint
    and stop. `continuing`: all have done so, and go on. `halting`: it must save its last checkpoint and stop.
    `interrupted`: it must end early. `released`: the process must exit. `end`: the socket.
    """

    def __init__(self, end: socket.socket, begun: bool) -> None:
        self.begun = begun
        self.pausing = self.continuing = self.halting = self.interrupted = self.released = False
        self.end, self._launcher, self._text = end, os.getppid(), ""
        self._unsent: deque[bytes] = deque()
        self._orders_come = select.poll()  # a select takes no file numbers from 1024 on
        self._orders_come.register(end, select.POLLIN)

    def obey(self, node: Node) -> bool:
        """Reads the orders and tells the node of interrupts and warnings; returns whether it was interrupted now."""
        orders = self._orders()
        self.begun |= "begin" in orders
        self.released |= "release" in orders
        self.pausing |= "pause" in orders and not node.observer
        self.halting |= "halt" in orders and not node.observer
        self.continuing |= "continue" in orders
        for order in orders:
            if order.startswith("warn "):
                node.warn(json.loads(order.removeprefix("warn ")))
            elif order.startswith("publish "):
                node.ask(*json.loads(order.removeprefix("publish ")))
        if "interrupt" in orders:
            self.interrupted = True
            node.interrupt()
        return "interrupt" in orders

    def _orders(self) -> list[str]:
        """The orders since the last call: `begin`, `pause`, `halt`, ..., or `warn`, `publish` and JSON."""
        if os.getppid() != self._launcher:
            return ["release"]
        self._send()
        if not self.wait(0):
            return []
        try:
            received = self.end.recv(4096).decode()
        except ConnectionResetError:
            received = ""
        if not received:
            return ["release"]
        *orders, self._text = (self._text + received).split("\n")
        return orders

    def wait(self, seconds: float) -> bool:
        """Waits up to `seconds` for an order; returns whether one came."""
        return bool(self._orders_come.poll(1000 * seconds))

    def report(self, event: str, lost: int, unkept: str) -> None:
        """Reports an event to the launcher, and how many messages were lost.

        Events are `ready` (built), `alive`, `paused`, `halted`, `ended` (but serving others), `unsaved` and `left`. A
        stopped launcher (Ctrl-Z) reads nothing. So what does not fit is sent later, and `alive` is dropped. Only `left`
        waits, because the process exits next. `unkept` is what the node cannot save at the moment, and why.
        """
        report = json.dumps({"event": event, "lost": lost, "unkept": unkept})
        self._unsent.append(f"{report}\n".encode())
        self._send(0 if event == "left" else socket.MSG_DONTWAIT)
        if event == "alive" and self._unsent:
            self._unsent.pop()

    def _send(self, flags: int = socket.MSG_DONTWAIT) -> None:
        """Sends as many of the waiting reports as fit."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, BlockingIOError):  # gone: `_orders` will see it
            while self._unsent:
                self.end.sendall(self._unsent[0], flags)
                self._unsent.popleft()
