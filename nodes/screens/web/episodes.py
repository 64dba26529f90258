"""Episodes on the page: a small plot of each, and its replay. Of a long session the newest are kept."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tutelage import Message
from tutelage.messages import Demonstration, Episode, Take, Withdrawal
from tutelage.tasks.pictures import Draw

NEWEST = 40
"""episodes that are shown"""

ROWS = 400
"""steps of an episode that its replay shows, at most: a longer one skips some"""

NUMBERS = 16
"""of an observation: those that pictures show"""

DOTS, COURSES = 40, 4
"""points of each line of a small plot; lines, at most"""

COLUMNS = 56
"""of a picture: as many as a phone can show"""


class Shown(NamedTuple):
    """An episode, thinned."""

    number: int
    length: int
    verdict: str
    observation: np.ndarray
    """[rows, at most NUMBERS]"""


class Episodes:
    """The episodes that were taught: takes with their verdicts where somebody drives, else what a learner gets."""

    def __init__(self) -> None:
        self.shown: dict[int, Shown] = {}
        self.returns: dict[int, float] = {}
        self.heard = 0
        self.driven = False

    def hear(self, message: Message) -> None:
        """Notes an episode that was driven; or what a learner gets: a demonstration, its return, or fewer of them."""
        match message:
            case Take():
                self.driven = True
                self.returns[message.take] = float(message.reward.sum())
                self._keep(message.take, message.verdict, message)
            case Demonstration() if not self.driven:
                self._keep(self.heard, "", message)
                self.heard += 1
            case Episode(actor="expert") if not self.driven:
                self.returns[message.episode] = message.episode_return
            case Withdrawal() if not self.driven:
                for _ in range(min(message.demonstrations, self.heard)):
                    self.heard -= 1
                    self.shown.pop(self.heard, None)

    def _keep(self, number: int, verdict: str, message: Demonstration | Take) -> None:
        observation = thinned(message.observation, ROWS)[:, :NUMBERS].copy()
        self.shown[number] = Shown(number, len(message.action), verdict, observation)
        if len(self.shown) > NEWEST:
            oldest = min(self.shown)
            del self.shown[oldest]
            self.returns.pop(oldest, None)

    def facts(self) -> dict[str, Any]:
        """What is shown of each, by name."""
        return {f"episode {one.number}": self._fact(one) for one in list(self.shown.values())}

    def _fact(self, one: Shown) -> dict[str, Any]:
        reached = self.returns.get(one.number)
        return {
            "number": one.number,
            "length": one.length,
            "verdict": one.verdict,
            "return": None if reached is None else round(reached, 1),
            "plot": plot(one.observation),
        }

    def replay(self, number: int, picture: Draw) -> list[str]:
        """The pictures of an episode, one of each step that was kept."""
        return ["\n".join(picture(row, COLUMNS)) for row in self.shown[number].observation]


def thinned(rows: np.ndarray, most: int) -> np.ndarray:
    """At most so many of the rows, evenly spread, the first and the last included."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, most).astype(int))] if len(rows) > most else rows


def plot(observation: np.ndarray) -> list[list[int]]:
    """A line of each of the first numbers of an observation: heights from 0 to 100, over all steps."""
    few = thinned(observation[:, :COURSES].astype(float), DOTS)
    low, high = few.min(0), few.max(0)
    spread = np.where(high > low, high - low, 1.0)
    heights = np.where(high > low, 100 * (few - low) / spread, 50)
    return [line.round().astype(int).tolist() for line in heights.T]
