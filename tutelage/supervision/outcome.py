"""How a run ended."""

from __future__ import annotations

from dataclasses import dataclass, field

REFUSED = 2
"""The exit code of a run that a node refused before it began."""


@dataclass
class Outcome:
    """How a run ended."""

    exit_code: int = 0
    signal: int = 0
    """the number of the signal that interrupted it, or 0"""
    restarts: dict[str, int] = field(default_factory=dict)
    silences: dict[str, float] = field(default_factory=dict)
    """longest time without an answer, in seconds, of nodes that were silent for a while"""
    lost: int = 0
    """messages that observers missed"""
    refusal: str = ""
    """why a node cannot do what the launch file asks: the run has not begun"""
    failed: str = ""
    """the node that could not be kept alive"""
    why: str = ""
    """why it failed, if it would fail again"""
    broken: str = ""
    """what else has ended the run early"""
    unkept: dict[str, str] = field(default_factory=dict)
    """what nodes could not save, and why: the run has failed, but can be resumed"""

    def refuse(self, why: str) -> None:
        """The run does not begin, for this reason."""
        self.refusal, self.exit_code = why, REFUSED

    @property
    def failure(self) -> str:
        """Why the run failed, in a sentence; empty if it did not."""
        unsaved = "; ".join(f"{name} could not save {what}" for name, what in sorted(self.unkept.items()))
        failed = self.failed and f"{self.failed} has failed: {self.why or 'it could not be kept alive, see its log'}"
        return self.broken or unsaved or failed

    @property
    def ends_early(self) -> bool:
        """Whether the run cannot go on."""
        return bool(self.failed or self.refusal or self.broken)
