"""The takes of a recording, and when each was said, in seconds of Unix time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from drivers.formats.trajectory import Unfit
from messages import Take
from tutelage.codec import unpack_state
from tutelage.message import build


def takes(path: Path) -> Iterator[tuple[float, Take]]:
    """In the order in which they were said."""
    try:
        said = unpack_state(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Unfit(f"cannot be read as a recording: {error}") from error
    for when, fields in said:
        take = build(Take, fields)
        assert isinstance(take, Take)
        yield when, take
