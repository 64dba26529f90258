"""A session of episodes as a small state machine: no clock, no terminal, no message.

ready --go--> driving <--go--> paused
                 |   it ends        | keep, discard
                 v                  v
                over --keep, discard--> ready         any --finish--> finished
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from tutelage.teaching.devices.device import OperatorCommand, Phase

Verdict = Literal["kept", "discarded"]

Judged = Verdict | Literal["reversed"] | None
"""The effect of a command on the running episode, or on the one before it."""

OTHER: dict[str, Verdict] = {"kept": "discarded", "discarded": "kept"}


@dataclass
class Session:
    """The state of a session.

    Attributes:
        episodes: how many kept ones end the session; 0: the operator ends it.
        least: number of kept ones before the operator may finish.
        take: number of the running episode.
        last: the verdict on the previous episode, which `undo` reverses.
        notice: the last event, for the operator to read.
    """

    episodes: int = 0
    least: int = 0
    phase: Phase = "ready"
    take: int = 0
    kept: int = 0
    last: str = ""
    notice: str = ""

    def obey(self, command: OperatorCommand, length: int, episode_return: float) -> Judged:
        """Obeys a command; returns the verdict on the running episode, or on the previous one (`reversed`).

        Args:
            length, episode_return: of the running episode so far.
        """
        match command:
            case _ if self.phase == "finished":
                return None
            case "go":
                self._go()
            case "keep" | "discard":
                return self._judge("kept" if command == "keep" else "discarded", length, episode_return)
            case "undo":
                return self._undo()
            case "finish":
                return self._finish(length, episode_return)
        return None

    def end(self, length: int, episode_return: float) -> None:
        """The running episode has ended."""
        self.phase = "over"
        self.notice = f"episode {self.take} is over after {length} steps, return {episode_return:.1f}"

    def come_back(self) -> None:
        """Pauses after a restart: the operator may have let go of the device."""
        self.phase = "paused" if self.phase == "driving" else self.phase
        self.notice = "the teleoperator was restarted; no verdict is lost"

    def _go(self) -> None:
        if self.phase == "over":
            self.notice = f"keep or discard episode {self.take} first"
            return
        self.notice = {"ready": f"episode {self.take} begins", "driving": "paused"}.get(self.phase, "it continues")
        self.phase = "paused" if self.phase == "driving" else "driving"

    def _judge(self, verdict: Verdict, length: int, episode_return: float) -> Verdict | None:
        if not length:
            self.notice = f"episode {self.take} has no step yet that could be {verdict}"
            return None
        self.notice = f"episode {self.take} {verdict}: {length} steps, return {episode_return:.1f}"
        self.kept += verdict == "kept"
        self.last, self.take = verdict, self.take + 1
        self.phase = "ready"
        self._end_if_enough()
        return verdict

    def _undo(self) -> Literal["reversed"] | None:
        if not self.last:
            self.notice = "there is no verdict to undo"
            return None
        self.last = OTHER[self.last]
        self.kept += 1 if self.last == "kept" else -1
        self.notice = f"undone: episode {self.take - 1} is {self.last} now"
        self._end_if_enough()
        return "reversed"

    def _end_if_enough(self) -> None:
        """Ends the session between two episodes, when enough are kept."""
        if self.phase == "ready" and self.episodes and self.kept >= self.episodes:
            self.phase = "finished"

    def _finish(self, length: int, episode_return: float) -> Verdict | None:
        if self.phase == "over":
            self.notice = f"keep or discard episode {self.take} first"
            return None
        if self.kept < self.least:
            self.notice = f"{self.kept} kept, {self.least} needed to learn from; Ctrl-C ends the run"
            return None
        verdict = self._judge("discarded", length, episode_return) if length else None
        self.phase = "finished"
        self.notice = f"finished: {self.kept} of {self.take} episodes kept"
        return verdict

    def state(self) -> dict[str, Any]:
        return asdict(self)

    def load(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
