"""Continues a recording whose recorder was killed or interrupted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tutelage.input.problems import Problem, Refusal
from tutelage.recording.format import Loss
from tutelage.recording.reader import Reader
from tutelage.recording.writer import Stream, Writer


def go_on(
    path: Path, about: Mapping[str, str], start: int, following: Mapping[Stream, int], unstated: Iterable[Loss] = ()
) -> Writer:
    """A writer that appends to a file, or begins it.

    A loss that the file states after `start` is final: it is not stated again, and the lost messages are not written.

    Args:
        start: bytes of the file that are known to be whole.
        following, unstated: as in Writer, at `start`.

    Raises:
        Refusal: the file is shorter than `start`.
    """
    _check(path, start)
    if not path.exists():
        return Writer(path, about, 0, following, unstated)
    reader, known = Reader(path, start), dict(following)
    for recorded in reader:
        known[recorded.sender, recorded.topic] = recorded.open()[0].sequence + 1
    for loss in reader.losses:
        stream = loss.sender, loss.topic
        known[stream] = max(known.get(stream, 0), loss.first + loss.messages)
    stated = {(loss.sender, loss.topic) for loss in reader.losses}
    left = [loss for loss in unstated if (loss.sender, loss.topic) not in stated]
    return Writer(path, about, reader.end, known, left)


def undo(
    path: Path, about: Mapping[str, str], start: int, following: Mapping[Stream, int], unstated: Iterable[Loss] = ()
) -> Writer:
    """A writer as in `go_on`, but cuts off what follows `start`: it belongs to an early end that a resume undoes."""
    _check(path, start)
    return Writer(path, about, start, following, unstated)


def _check(path: Path, start: int) -> None:
    size = path.stat().st_size if path.exists() else 0
    if size < start:
        what = f"has lost its end: it had {start} bytes and now has {size}; start a new run, this one cannot continue"
        raise Refusal([Problem(path, what)])
