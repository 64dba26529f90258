"""How a run ended."""

from __future__ import annotations

from dataclasses import dataclass, field

REFUSED = 2
"""The exit code of a run that one of its nodes has refused before anything was done."""


@dataclass
class Outcome:
    """How a run ended."""

    exit_code: int = 0
    signal: int = 0
    """the number of the signal that interrupted it; 0: none did"""
    restarts: dict[str, int] = field(default_factory=dict)
    silences: dict[str, float] = field(default_factory=dict)
    """longest time without an answer, in seconds, of nodes that were silent for a while"""
    lost: int = 0
    """messages that observers missed"""
    refusal: str = ""
    """why a node cannot do what the launch file asks of it: nothing was done"""
    failed: str = ""
    """the node that could not be kept alive"""
    why: str = ""
    """what it said of it itself: then it was not started again, for it would have failed there again"""
    broken: str = ""
    """what else has ended the run before its time"""
    unkept: dict[str, str] = field(default_factory=dict)
    """what nodes could not save, and why: the run can be gone on with, it has not come to a good end"""

    def refuse(self, why: str) -> None:
        """Nothing was done, for this reason."""
        self.refusal, self.exit_code = why, REFUSED

    @property
    def ends_early(self) -> bool:
        """Whether something has happened that the run cannot go on after."""
        return bool(self.failed or self.refusal or self.broken)
