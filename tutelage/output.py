"""Standard output of the observers' commands: lines until Ctrl-C or until the reader is gone, and tables."""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from tutelage.input.problems import printable

SHORT = 6
"""How many numbers of an array are shown."""

TOGETHER_SECONDS = 0.05
"""Lines that come this soon after another are written together: each writing wakes the reader."""


def show(lines: Iterable[str | None]) -> None:
    """Prints lines as they come; None writes those that wait. Ends quietly on Ctrl-C, or when `| head` is gone."""
    asked: list[int] = []  # an exception could be lost if it is raised in a callback

    def ask(number: int, _: object) -> None:
        asked.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, ask)
    due = 0.0
    with contextlib.suppress(KeyboardInterrupt):
        try:
            for line in lines:
                if asked:
                    return
                if line is not None:
                    print(printable(line))
                elif _reader_is_gone():
                    raise BrokenPipeError
                if line is None or time.monotonic() > due:
                    sys.stdout.flush()
                    due = time.monotonic() + TOGETHER_SECONDS
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the rest of the buffer


def _reader_is_gone() -> bool:
    """Whether standard output is a pipe without a reader."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def date(unix_seconds: float | None) -> str | None:
    """A time as a date; in seconds if it is out of the calendar's range."""
    try:
        return None if unix_seconds is None else datetime.fromtimestamp(unix_seconds).isoformat(" ", "seconds")
    except (ValueError, OverflowError, OSError):
        return f"{unix_seconds:.6g} s"


def table(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Aligned columns under their titles. Lists are joined by commas; None is a dash."""
    cells = [[title.replace("_", " ") for title in titles], *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(f"{c:{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in cells)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, list):
        return printable(", ".join(value), keep="") or "-"
    return "-" if value is None else printable(str(value), keep="")


def json_rows(rows: Iterable[NamedTuple]) -> str:
    """The rows of a table as a JSON list."""
    return json.dumps([row._asdict() for row in rows], indent=2)


def json_lines(lines: Iterable[str | None]) -> Iterator[str | None]:
    """Lines of text as lines of JSON."""
    return (line if line is None else json.dumps({"line": line}) for line in lines)


def plain(value: Any, full: bool) -> Any:
    """A value for JSON. NaN and infinity become null."""
    if isinstance(value, np.ndarray):
        if full:
            return plain(value.tolist(), full)
        return {"dtype": str(value.dtype), "shape": value.shape, "first": plain(value.ravel()[:SHORT].tolist(), full)}
    if isinstance(value, list):
        return [plain(item, full) for item in value]
    if isinstance(value, dict):
        return {key: plain(item, full) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    return None if isinstance(value, float) and not math.isfinite(value) else value
