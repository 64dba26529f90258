"""Nobody outlives the launcher: a small process that ends what is left when the launcher is gone, however it went.

The nodes see the same end of their lifelines and leave by themselves (a robot is made safe first); the sweeper gives
them a second, ends those that cannot (a stopped process, say), and removes the sockets.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from pathlib import Path

from tutelage import registry

GRACE_SECONDS = 1.0


def sweep(lifeline: socket.socket, socket_dir: Path) -> None:
    """Keeps the list of processes (`+pid`, `-pid`, a line each) until the launcher is gone, then sweeps."""
    alive: set[int] = set()
    with lifeline.makefile("r") as lines:
        for line in lines:
            (alive.add if line[0] == "+" else alive.discard)(int(line[1:]))
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and any(map(registry.alive, alive)):
        time.sleep(0.02)
    for pid in filter(registry.alive, alive):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(socket_dir, ignore_errors=True)
