"""What to say of a recording of which no node at all could be verified."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tutelage.recording.reader import Reader
from tutelage.recording.verification import PARTLY, WITHOUT, Comparison


def why_nothing(verdicts: Sequence[Comparison], recording: Path) -> str:
    """Why nothing was verified, and what to do; empty if a node's messages were compared."""
    if any(one.messages or one.verdict == "differs" for one in verdicts):
        return ""
    if any(one.why == PARTLY or WITHOUT in one.why for one in verdicts):
        topics = sorted({recorded.topic for recorded in Reader(recording)})
        what = f"it holds only some of what its nodes heard (topics: {', '.join(topics) or 'none'})"
        return f"{recording}: nothing could be verified, because {what}: launch the run again with record:=true"
    reasons = "; ".join(f"{one.node}: {one.why}" for one in verdicts if one.why)
    return f"{recording}: nothing can be verified, because none of these nodes can be replayed ({reasons})"
