"""Computes numbers in a fork of this process, on another core, while this one goes on."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable

import numpy as np


def aside(compute: Callable[[], np.ndarray]) -> Callable[[], np.ndarray]:
    """Begins to compute an array, float64 [N], in a fork. The function that it returns waits for it.

    If the fork fails, that function computes the array itself, and so raises the error itself.
    """
    out, into = os.pipe()
    pid = os.fork()
    if not pid:
        _compute_and_exit(compute, into)
    os.close(into)

    def found() -> np.ndarray:
        with open(out, "rb") as file:
            data = file.read()
        _, status = os.waitpid(pid, 0)
        return compute() if status else np.frombuffer(data)

    return found


def _compute_and_exit(compute: Callable[[], np.ndarray], into: int) -> None:
    """The fork's part: it must never run on into the code of its parent."""
    with contextlib.suppress(BaseException):
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
        with open(into, "wb") as file:
            file.write(np.asarray(compute(), np.float64).tobytes())
        os._exit(0)
    os._exit(1)
