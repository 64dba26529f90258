"""A report on a lifeline. A program of one's own, or another machine, may say what is none."""

from __future__ import annotations

from typing import Any

_TYPES = {"event": str, "why": str, "lost": int, "unkept": str}


def checked(report: Any) -> dict[str, Any]:
    """A process's report. Raises ValueError if it is none (docs/wire.md)."""
    if isinstance(report, dict) and "event" in report and all(type(report[key]) is _TYPES.get(key) for key in report):
        return report
    raise ValueError(f"{report!r}"[:100])
