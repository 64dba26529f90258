"""The rig's end of the cable: a pseudo-terminal with a link to it, and the faults of a cable."""

from __future__ import annotations

import os
import tty
from collections import deque
from pathlib import Path

import numpy as np


class Line:
    """Bytes to and from the program that opens the link.

    Attributes:
        dropped: fraction of the answers that never arrive.
        slow_seconds: by which answers are late.
        garbled: fraction of the answers that have random bytes in them.
        noise: so many random bytes come before each answer.
    """

    def __init__(self, link: Path) -> None:
        self.link = link
        self.dropped = self.slow_seconds = self.garbled = 0.0
        self.noise = 0
        self._random = np.random.default_rng()
        self._leaving: deque[tuple[float, bytes]] = deque()
        self._ends: tuple[int, ...] = ()
        self.plug()

    def plug(self) -> None:
        """Puts the cable in."""
        if self._ends:
            return
        self._ends = os.openpty()
        os.set_blocking(self._ends[0], False)
        tty.setraw(self._ends[1])
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(self._ends[1]))

    def unplug(self) -> None:
        """Pulls the cable out: a program that has it open sees it hang up."""
        for end in self._ends:
            os.close(end)
        if self._ends:
            self.link.unlink(missing_ok=True)
        self._ends = ()
        self._leaving.clear()

    @property
    def readable(self) -> list[int]:
        """The file descriptors to wait for."""
        return list(self._ends[:1])

    def receive(self) -> bytes:
        """The bytes that have arrived."""
        try:
            return os.read(self._ends[0], 65536) if self._ends else b""
        except BlockingIOError:
            return b""

    def send(self, data: bytes, now: float) -> None:
        """Sends an answer, subject to the cable's faults."""
        if self._random.random() < self.dropped:
            return
        if self._random.random() < self.garbled:
            data = data[:5] + self.garbage(3) + data[5:]
        self._leaving.append((now + self.slow_seconds, self.garbage(self.noise) + data))

    def flush(self, now: float) -> float:
        """Sends what is due; returns in how many seconds more is due."""
        while self._leaving and self._leaving[0][0] <= now:
            self.write(self._leaving.popleft()[1])
        return self._leaving[0][0] - now if self._leaving else 1.0

    def write(self, data: bytes) -> None:
        """Sends bytes at once. If nobody reads them they are lost, as on any serial line."""
        try:
            if self._ends:
                os.write(self._ends[0], data)
        except BlockingIOError:
            return

    def garbage(self, count: int) -> bytes:
        """So many random bytes."""
        return self._random.bytes(count)
