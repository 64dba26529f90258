"""The messages of a recording, as the types of the code that is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tutelage import foreign
from tutelage.input.problems import Problem, Refusal, complain, did_you_mean
from tutelage.message import Message, Promise, fingerprint
from tutelage.recording import search
from tutelage.recording.reader import Reader


def read(path: str | Path, *topics: str) -> Iterator[Message]:
    """The messages on these topics, or on all, of a recording or of the folder of a recorded run.

    They come in the order in which they were received. Damage of the file is told on standard error.

    Raises:
        Refusal: there is no recording, or no such topic in it.
    """
    recording = search.find(Path(path))
    known = search.graph(recording).messages
    if unknown := [topic for topic in topics if topic not in known]:
        what = f"this recording has no topic '{unknown[0]}'; {did_you_mean(unknown[0], known)}"
        raise Refusal([Problem(path, what)])
    return _messages(Reader(recording), topics or tuple(known))


def _messages(reader: Reader, topics: tuple[str, ...]) -> Iterator[Message]:
    kinds: dict[type[Message], type[Message] | None] = {}
    for recorded in reader:
        if recorded.topic in topics:
            if recorded.kind not in kinds:
                kinds[recorded.kind] = _loaded(recorded.kind)
            message = recorded.build(kinds[recorded.kind])
            if not isinstance(message, Promise):
                yield message
    for damage in reader.damages:
        complain(str(damage))


def _loaded(recorded: type[Message]) -> type[Message] | None:
    """The type of this name and these fields in the code that is loaded; None: the recorded type has to do."""
    own = (kind for kind in Message.__subclasses__() if kind.__module__ != foreign.__name__)
    same = (kind for kind in own if kind.__name__ == recorded.__name__ and fingerprint(kind) == fingerprint(recorded))
    return next(same, None)
