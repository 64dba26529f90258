"""The takes of a recording, as they were published."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tutelage.messages import Take
from tutelage.recording import Reader
from tutelage.teaching.formats.trajectory import Unfit


class Said(NamedTuple):
    """A take as it was said: in which run, by whom, as which message of theirs; when, in seconds of Unix time.

    Where the recording's beginning is damaged the time is not known.
    """

    run: str
    sender: str
    sequence: int
    when: float | None
    take: Take

    @property
    def identity(self) -> tuple[str, str, int]:
        """What is the same of one take in whatever recording."""
        return self.run, self.sender, self.take.take


class Takes(NamedTuple):
    """What a recording has of takes; what its beginning says about the run."""

    takes: list[Said]
    about: dict[str, str]
    notes: list[str]


def takes(recording: Path) -> Takes:
    """All of them, in the order in which they were said. A later one of the same number changes the verdict."""
    reader, found = Reader(recording), list[Said]()
    for recorded, take in reader.of(Take):
        if not isinstance(take, Take):
            raise Unfit("has takes with other fields than those of today")
        header, when = recorded.open()[0], _unix_seconds(recorded.received, reader.about)
        found.append(Said(header.run, header.sender, header.sequence, when, take))
    if not reader.about and not found:
        raise Unfit("cannot be read as a recording: it does not begin like one")
    lost = sum(loss.messages for loss in reader.losses if loss.topic.rpartition("/")[2] == Take.topic)
    notes = [f"{lost} takes are lost, the recording says"] if lost else []
    return Takes(found, reader.about[0] if reader.about else {}, notes + [str(damage) for damage in reader.damages])


def _unix_seconds(received: int, about: list[dict[str, str]]) -> float | None:
    """What the recording's machine called the time, when its monotonic clock said this [ns]."""
    return (received - int(about[-1]["monotonic_ns"]) + int(about[-1]["unix_ns"])) * 1e-9 if about else None
