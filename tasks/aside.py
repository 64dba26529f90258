"""Computes numbers in a fork of this process, on another core, while this one goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable

import numpy as np


def aside(compute: Callable[[], np.ndarray]) -> Callable[[], np.ndarray]:
    """Begins to compute an array, float64 [N], in a fork. The function that it returns waits for it.

    If the fork fails, that function computes the array itself, and so raises the error itself. The fork ends when this
    process does. It has none of its files but the standard streams, so `compute` cannot use any.
    """
    ours, forks = socket.socketpair()
    pid = os.fork()
    if not pid:
        _compute_and_exit(compute, forks)
    forks.close()

    def found() -> np.ndarray:
        with ours, ours.makefile("rb") as file:
            data = file.read()
        _, status = os.waitpid(pid, 0)
        return compute() if status else np.frombuffer(data)

    return found


def _compute_and_exit(compute: Callable[[], np.ndarray], end: socket.socket) -> None:
    """The fork's part: it must never run on into the code of its parent."""
    with contextlib.suppress(BaseException):
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
        os.closerange(3, end.fileno())  # a socket of the parent's would stay open, and its port taken
        os.closerange(end.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
        threading.Thread(target=_end_with_the_parent, args=[end], daemon=True).start()
        end.sendall(np.asarray(compute(), np.float64).tobytes())
        os._exit(0)
    os._exit(1)


def _end_with_the_parent(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.recv(1)  # the parent says nothing: this returns when its end is closed
    os._exit(1)
