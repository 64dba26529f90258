"""Signs of life: for how long each process of a run has not answered, whether it computes, and what it cannot save."""

from __future__ import annotations

import os
import time
from pathlib import Path

SILENT_SECONDS = 1.5
"""A process that has not answered for so long is named. It may be busy or stopped; that alone ends nothing."""

BUSY_LEASES = 10
"""A silent process that computes has so many times its lease: a large update is no hang, an endless loop is one."""

BUSY_SHARE = 0.1
"""Of the time, spent on a processor: who has that computes."""

TICKS = os.sysconf("SC_CLK_TCK")
"""Of a processor's time, a second."""

STATES = {"R": "it computes", "T": "it is stopped", "t": "it is stopped", "D": "it waits for a disk"}
"""What Linux says of a process, by its letter in /proc/PID/stat."""


class Signs:
    """What is known of each process, by the name of its node."""

    def __init__(self) -> None:
        self.silences: dict[str, float] = {}
        """longest time without an answer, in seconds, of those that were silent for longer than SILENT_SECONDS"""
        self.unkept: dict[str, str] = {}
        """what a node cannot save at the moment, and why"""
        self._pids: dict[str, int] = {}
        self._heard: dict[str, float] = {}
        self._computed: dict[str, float] = {}  # processor seconds when it fell silent
        self._looked = time.monotonic()

    def begin(self, name: str, pid: int) -> None:
        """A process was started: its silence counts from now on."""
        self._pids[name] = pid
        self.answered(name)

    def answered(self, name: str, unkept: str = "") -> None:
        """A process has answered, and told what it cannot save."""
        self._heard[name] = time.monotonic()
        self._computed.pop(name, None)
        self.unkept[name] = unkept

    def end(self, name: str) -> None:
        """A process is gone."""
        for known in (self._pids, self._heard, self._computed, self.unkept):
            known.pop(name, None)

    def look(self) -> None:
        """Notes who is silent. The time for which the launcher itself was stopped is no node's silence."""
        now, before = time.monotonic(), self._looked
        self._looked = now
        if now - before > SILENT_SECONDS:
            self._heard = {name: heard + now - before for name, heard in self._heard.items()}
        for name in self.silent():
            self.silences[name] = max(self.silence(name), self.silences.get(name, 0.0))
            self._computed.setdefault(name, _computed(self._pids[name]))

    def silence(self, name: str) -> float:
        """Seconds since a process has answered."""
        return time.monotonic() - self._heard[name]

    def silent(self) -> list[str]:
        """Who has not answered for longer than SILENT_SECONDS."""
        return [name for name in self._heard if self.silence(name) > SILENT_SECONDS]

    def is_dead(self, name: str, lease: float) -> bool:
        """Whether a process has been silent for longer than its lease: BUSY_LEASES of them while it computes."""
        silence = self.silence(name)
        if silence <= max(lease, SILENT_SECONDS) or name not in self._computed:
            return False
        return silence > BUSY_LEASES * lease or not self._computes(name)

    def _computes(self, name: str) -> bool:
        """Whether a silent process computes, or would if the machine had a processor for it."""
        computed = _computed(self._pids[name]) - self._computed[name]
        return computed > BUSY_SHARE * (self.silence(name) - SILENT_SECONDS) or _stat(self._pids[name])[0] == "R"

    def warnings(self) -> dict[tuple[str, str], str]:
        """What a person should know now: a sentence for each silent process and each that cannot save."""
        silent = {("silent", name): self._silence(name) for name in self.silent()}
        return silent | {("unkept", name): _unsaved(name, why) for name, why in self.unkept.items() if why}

    def _silence(self, name: str) -> str:
        state = STATES.get(_stat(self._pids[name])[0])
        return f"{name} has not answered for {self.silence(name):.0f} s" + (f": {state}" if state else "")


def _unsaved(name: str, why: str) -> str:
    return (
        f"{name} cannot save {why}; nothing is lost so far, but what it does now would be lost if the run were killed"
    )


def _computed(pid: int) -> float:
    """Seconds that a process has spent on processors. Where the system has no /proc it counts as computing always."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS if len(fields) > 12 else time.monotonic()


def _stat(pid: int) -> list[str]:
    """What /proc/PID/stat says behind the process's name: its state first."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split() or [""]
    except OSError:
        return [""]
