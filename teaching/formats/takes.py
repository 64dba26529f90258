"""The takes of a recording, as they were published."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tutelage.messages import Take
from tutelage.recording import Reader
from tutelage.teaching.formats.trajectory import Unfit


class Said(NamedTuple):
    """A published take: its run, its sender, its number among the sender's messages, and its time.

    The time is in seconds of Unix time; it is not known if the recording's beginning is damaged.
    """

    run: str
    sender: str
    sequence: int
    when: float | None
    take: Take

    @property
    def identity(self) -> tuple[str, str, int]:
        """What identifies a take in any recording."""
        return self.run, self.sender, self.take.take


class Takes(NamedTuple):
    """The takes of a recording, and what its beginning says about the run."""

    takes: list[Said]
    about: dict[str, str]
    notes: list[str]


def takes(recording: Path) -> Takes:
    """All takes, in the order of publication. A later one of the same number changes the verdict."""
    reader, found = Reader(recording), list[Said]()
    for recorded, take in reader.of(Take):
        if not isinstance(take, Take):
            raise Unfit("has takes of another version, with other fields")
        header, when = recorded.open()[0], _unix_seconds(recorded.received, reader.about)
        found.append(Said(header.run, header.sender, header.sequence, when, take))
    if not reader.about and not found:
        raise Unfit("cannot be read as a recording: its beginning is not that of one")
    lost = sum(loss.messages for loss in reader.losses if loss.topic.rpartition("/")[2] == Take.topic)
    notes = [f"{lost} takes are lost, as the recording says"] if lost else []
    return Takes(found, reader.about[0] if reader.about else {}, notes + [str(damage) for damage in reader.damages])


def _unix_seconds(received: int, about: list[dict[str, str]]) -> float | None:
    """The Unix time on the recording's machine when its monotonic clock showed this [ns]."""
    return (received - int(about[-1]["monotonic_ns"]) + int(about[-1]["unix_ns"])) * 1e-9 if about else None
