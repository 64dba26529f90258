"""The sweeper: a small process that ends what is left when the launcher is gone, even if it was killed.

When their lifelines close, the nodes exit by themselves (a robot stops first). The sweeper gives them a second, kills
those that cannot, for example a stopped process, and removes the sockets.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import time
from pathlib import Path

from tutelage.supervision import leftovers, registry

GRACE_SECONDS = 1.0
LOOK_SECONDS = 0.1


def sweep(lifeline: socket.socket, socket_dir: Path, alive: set[int]) -> None:
    """Keeps the list of processes, beginning with `alive`, until the launcher is gone; then ends what is left."""
    _listen(lifeline, alive)
    deadline = time.monotonic() + GRACE_SECONDS
    while alive and time.monotonic() < deadline:
        time.sleep(0.02)
        alive = set(filter(registry.session_alive, alive))  # the number of a dead process is soon reused
    for pid in alive:
        registry.signal_session(pid, signal.SIGKILL)
    leftovers.end(socket_dir)
    shutil.rmtree(socket_dir, ignore_errors=True)


def _listen(lifeline: socket.socket, alive: set[int]) -> None:
    """Keeps the list up to date until the launcher is gone. The launcher sends `+pid` and `-pid`, one a line.

    A new parent shows, too, that it is gone: a process that was stopped just after its fork still holds the launcher's
    ends of all lifelines, so ours may not close.
    """
    launcher, text = os.getppid(), ""
    news = select.poll()  # a select takes no file numbers from 1024 on
    news.register(lifeline, select.POLLIN)
    while os.getppid() == launcher:
        if not news.poll(1000 * LOOK_SECONDS):
            continue
        received = lifeline.recv(4096).decode()
        if not received:
            break
        *lines, text = (text + received).split("\n")
        for line in lines:
            (alive.add if line[0] == "+" else alive.discard)(int(line[1:]))
