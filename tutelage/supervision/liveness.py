"""Signs of life: how long each process has been silent, whether it computes, and what it cannot save."""

from __future__ import annotations

import os
import time
from pathlib import Path

SILENT_SECONDS = 1.5
"""A process that is silent for longer is named. It may be busy or stopped, and is not killed for that."""

BUSY_LEASES = 10
"""A silent process that computes gets this many leases: a large update is no hang, an endless loop is."""

BUSY_SHARE = 0.1
"""The share of time on a processor from which a process counts as computing."""

TICKS = os.sysconf("SC_CLK_TCK")
"""Clock ticks per second of processor time."""

LOADED = time.monotonic()

STATES = {"R": "it computes", "T": "it is stopped", "t": "it is stopped", "D": "it waits for a disk"}
"""The state of a process, by its letter in Linux's /proc/PID/stat."""


class Liveness:
    """The liveness of each process, by the name of its node."""

    def __init__(self) -> None:
        self.silences: dict[str, float] = {}
        """the longest silence of each process that was silent for longer than SILENT_SECONDS, in seconds"""
        self.unkept: dict[str, str] = {}
        """what a node cannot save at the moment, and why"""
        self._pids: dict[str, int] = {}
        self._heard: dict[str, float] = {}
        self._computed: dict[str, float] = {}  # processor seconds when it fell silent
        self._looked = time.monotonic()

    def begin(self, name: str, pid: int) -> None:
        """A process was started: its silence counts from now."""
        self._pids[name] = pid
        self.answered(name)

    def answered(self, name: str, unkept: str = "") -> None:
        """A process has reported, and what it cannot save."""
        self._heard[name] = time.monotonic()
        self._computed.pop(name, None)
        self.unkept[name] = unkept

    def end(self, name: str) -> None:
        """A process is gone."""
        for known in (self._pids, self._heard, self._computed, self.unkept):
            known.pop(name, None)

    def look(self) -> None:
        """Notes which processes are silent. The time for which the launcher itself was stopped does not count."""
        now, before = time.monotonic(), self._looked
        self._looked = now
        if now - before > SILENT_SECONDS:
            self._heard = {name: heard + now - before for name, heard in self._heard.items()}
        for name in self.silent():
            self.silences[name] = max(self.silence(name), self.silences.get(name, 0.0))
            self._computed.setdefault(name, _computed(self._pids[name]))

    def silence(self, name: str) -> float:
        """Seconds since a process has reported."""
        return time.monotonic() - self._heard[name]

    def silent(self) -> list[str]:
        """The processes that are silent for longer than SILENT_SECONDS."""
        return [name for name in self._heard if self.silence(name) > SILENT_SECONDS]

    def is_dead(self, name: str, lease: float) -> bool:
        """Whether a process is silent for longer than its lease, or BUSY_LEASES of them while it computes."""
        silence = self.silence(name)
        if silence <= max(lease, SILENT_SECONDS) or name not in self._computed:
            return False
        return silence > BUSY_LEASES * lease or not self._computes(name)

    def _computes(self, name: str) -> bool:
        """Whether a silent process computes, or waits for a processor."""
        computed = _computed(self._pids[name]) - self._computed[name]
        return computed > BUSY_SHARE * (self.silence(name) - SILENT_SECONDS) or stat(self._pids[name])[0] == "R"

    def warnings(self) -> dict[tuple[str, str], str]:
        """A sentence for each process that is silent or cannot save."""
        silent = {("silent", name): self._silence(name) for name in self.silent()}
        return silent | {("unkept", name): _unsaved(name, why) for name, why in self.unkept.items() if why}

    def _silence(self, name: str) -> str:
        state = STATES.get(stat(self._pids[name])[0])
        return f"{name} has not answered for {self.silence(name):.0f} s" + (f": {state}" if state else "")


def _unsaved(name: str, why: str) -> str:
    return (
        f"{name} cannot save {why}; nothing is lost so far, but what it does now would be lost if the run were killed"
    )


def _computed(pid: int) -> float:
    """Seconds that a process has spent on processors. Without /proc, every process counts as computing."""
    fields = stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS if len(fields) > 12 else time.monotonic()


def age() -> float:
    """Seconds since this process was started, to a clock tick; without /proc, since Python has loaded this module."""
    fields = stat("self")
    if len(fields) <= 19:
        return time.monotonic() - LOADED
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / TICKS


def stat(pid: int | str) -> list[str]:
    """The fields of /proc/PID/stat after the process's name, the state first; one empty field without /proc."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split() or [""]
    except OSError:
        return [""]
