"""Waits for what other processes do: no longer than it takes, and never without a limit."""

import os
import time
from collections.abc import Callable
from pathlib import Path


def until(holds: Callable[[], object], seconds: float = 20) -> None:
    """Waits until something holds. The test fails if it takes longer."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def exists(pid: int) -> bool:
    """Whether a process runs. One that has ended and waits for its parent to notice does not."""
    status = Path(f"/proc/{pid}/stat")
    try:
        os.kill(pid, 0)
        return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def until_gone(*pids: int, seconds: float = 20) -> None:
    """Waits until none of these processes runs."""
    until(lambda: not any(map(exists, pids)), seconds)
