"""Records all messages on disk (tutelage.recording)."""

from __future__ import annotations

import getpass
import time
from collections.abc import Sequence
from typing import Any

from tutelage import Message
from tutelage.codec import Header
from tutelage.message import schema
from tutelage.node import RecordingNode
from tutelage.recording.continuation import go_on, undo
from tutelage.recording.format import Loss
from tutelage.recording.writer import Stream, Writer, about_run


class Recorder(RecordingNode):
    """Writes the messages of its namespace and those below into `file` in the run's folder, but no topics `without`.

    An acknowledged message is in the file, or counted as lost if the disk is full; senders keep the rest, so a kill
    loses nothing. Losses are shown at once, in its status, and stated in the file as soon as there is room.
    """

    may_hear = (Message,)
    order = "arrival"
    clock = True

    def __init__(self, file: str = "recording.mcap", without: list[str] | None = None) -> None:
        self.file, self.without = file, frozenset(without or ())
        self.kept: tuple[int, dict[Stream, int], list[Loss]] = (0, {}, [])  # of the checkpoint, for `go_on`
        self.halted = False  # what follows the next checkpoint in the file will be undone
        self.writer: Writer | None = None
        self.schemas: dict[str, dict[str, Any]] = {}

    def start(self) -> tuple[Message, ...]:
        self._open()
        return ()

    def _open(self) -> Writer:
        if self.writer is None:
            about = {"user": getpass.getuser(), **about_run(self.run_dir)}
            begin = undo if self.halted else go_on
            self.writer = begin(self.run_dir / self.file, about, *self.kept)
        return self.writer

    def witness(self, kind: type[Message], topic: str, header: Header, fields: Sequence[Any]) -> None:
        if topic in self.without:
            return
        if topic not in self.schemas:
            self.schemas[topic] = schema(kind)
        self._open().add(topic, self.schemas[topic], header, fields, time.monotonic_ns())

    def missed(self, sender: str, topic: str, following: int) -> None:
        if topic not in self.without:
            self._open().skip((sender, topic), following)

    def hear(self, message: Message) -> None:
        """Does nothing: the message was written when it came."""

    def due(self) -> float:
        return self._open().due

    def tick(self) -> tuple[Message, ...]:
        self._open().flush()
        return ()

    def lost(self) -> dict[str, int]:
        return dict(self.writer.lost) if self.writer else {}

    def finish(self) -> tuple[Message, ...]:
        self._open().close()
        return ()

    def halt(self) -> None:
        self.halted = True

    def state(self) -> dict[str, Any]:
        writer = self._open()
        writer.flush()
        writer.sync()
        following = [[*stream, number] for stream, number in writer.following.items()]
        unstated = list(writer.unstated.values())
        halted, self.halted = self.halted, False
        return {"end": writer.end, "following": following, "unstated": unstated, "halted": halted}

    def load(self, state: dict[str, Any]) -> None:
        following = {(sender, topic): number for sender, topic, number in state["following"]}
        self.kept = state["end"], following, [Loss(*loss) for loss in state["unstated"]]
        self.halted = state.get("halted", False)
