"""Going on with a recording whose recorder was killed: behind its last whole chunk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tutelage.recording.format import Loss
from tutelage.recording.reader import Reader
from tutelage.recording.writer import Stream, Writer


def go_on(
    path: Path, about: Mapping[str, str], start: int, following: Mapping[Stream, int], unstated: Iterable[Loss] = ()
) -> Writer:
    """A writer that appends to a file, which is made where there is none.

    A loss that the file states behind `start` is stated: neither is it again, nor is what was lost written after all.

    Args:
        start: bytes of it that are known to be whole.
        following, unstated: what is known of them, as Writer has it.

    Raises:
        ValueError: the file is shorter than that.
    """
    if not path.exists():
        return Writer(path, about, 0, following, unstated)
    if path.stat().st_size < start:
        raise ValueError(f"{path} has lost its end: it had {start} bytes; move it away, then this run can go on")
    reader, known = Reader(path, start), dict(following)
    for recorded in reader:
        known[recorded.sender, recorded.topic] = recorded.open()[0].sequence + 1
    for loss in reader.losses:
        stream = loss.sender, loss.topic
        known[stream] = max(known.get(stream, 0), loss.first + loss.messages)
    stated = {(loss.sender, loss.topic) for loss in reader.losses}
    left = [loss for loss in unstated if (loss.sender, loss.topic) not in stated]
    return Writer(path, about, reader.end, known, left)
