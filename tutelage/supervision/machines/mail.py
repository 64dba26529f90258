"""Lines that reach another machine in order, each once, however often the link between the two is cut.

Each packet repeats all lines that the other end has not acknowledged, and acknowledges what has come from there. It is
sent when there is something new, and every second. So a lost packet costs time, and nothing else.
"""

from __future__ import annotations

from collections import deque
from typing import Any

AGAIN_SECONDS = 1.0
"""How often a packet is sent when there is nothing new."""


class Mail:
    """One end of the lines between a node's stand-in and its process; `life` counts the node's restarts."""

    def __init__(self, node: str, life: int) -> None:
        self.node, self.life = node, life
        self.news = False  # a packet is due
        self._first, self._lines = 0, deque[str]()  # not acknowledged yet, and the number of the first
        self._heard = 0

    def say(self, line: str) -> None:
        """Sends a line with the next packet."""
        self._lines.append(line)
        self.news = True

    def packet(self) -> dict[str, Any]:
        """What to send now."""
        self.news = False
        told = {"node": self.node, "life": self.life}
        return {**told, "first": self._first, "lines": list(self._lines), "heard": self._heard}

    def take(self, packet: dict[str, Any]) -> list[str]:
        """The lines of a packet that have not come before. Its life must be this one's."""
        while self._lines and self._first < packet["heard"]:
            self._lines.popleft()
            self._first += 1
        new: list[str] = packet["lines"][max(0, self._heard - packet["first"]) :]
        self._heard += len(new)
        self.news |= bool(new)
        return new
