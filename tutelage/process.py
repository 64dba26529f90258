"""One node's process: builds the node, connects it, drives it, keeps its checkpoint, ends when told.

It is told through its lifeline (lifeline.py).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any

from tutelage.assignment import Assignment, inbox_of, topics_of, unsaid_of
from tutelage.files import checkpoint
from tutelage.graph import NodePlan, node_class
from tutelage.input.problems import complain
from tutelage.lifeline import Lifeline
from tutelage.message import Message
from tutelage.node import RecordingNode
from tutelage.status import Status
from tutelage.transport.bus import Bus, Who
from tutelage.transport.inbox import Positions
from tutelage.transport.outbox import Outbox
from tutelage.turns import Turns

LOOK_SECONDS = 0.05
"""How often a waiting process looks at its lifeline."""

FIRST_CHECKPOINT_SECONDS, CHECKPOINT_SECONDS = 0.1, 1.0
"""A process keeps its first checkpoint soon, the next after twice the time, and so on up to the second figure."""

STATUS_SECONDS = 0.5
"""How often a process says how it is, to the launcher and to observers."""

UNWRITTEN_SECONDS = 10.0
"""How long a node tries to write what it has in the end, on a full disk for example."""

REALTIME_BYTES = 4 * 2**20
"""What a node that acts on the world keeps of what it has said, for a listener that comes back."""


class NodeProcess:
    """Drives one node until it has ended and the launcher lets it go."""

    def __init__(self, plan: NodePlan, place: Assignment, lifeline: socket.socket) -> None:
        self.plan, self.place, self.lifeline = plan, place, Lifeline(lifeline)
        kind = node_class(plan.run)
        self.node = kind(**plan.parameters)
        self.node.run_dir = place.run_dir
        self.node.lacks(unsaid_of(plan, kind))
        self.inbox = inbox_of(plan, kind, place.messages)
        self.turns = Turns(self.node, self.inbox)
        checkpoints, stem = place.run_dir / "checkpoints", plan.name.replace("/", ".")
        self.path, beside = checkpoints / f"{stem}.checkpoint", checkpoints / f"{stem}.outbox"
        self.node.beside = checkpoints / stem
        self.outbox = Outbox(place.listeners, REALTIME_BYTES if kind.realtime else None, beside)
        topics = topics_of(plan, self.node)
        kinds = {stream.topic: stream.kind for stream in self.inbox.streams.values()}
        who = Who(place.run, plan.name, place.life, place.secret)
        self.recorder = self.node if isinstance(self.node, RecordingNode) else None
        self._by_arrival = kind.order == "arrival" and not (kind.observer or kind.realtime)
        self._urgent = {topic for name in place.machines for topic in place.listeners.get(name, ())}
        unkept = self._urgent if self._by_arrival else ()
        where, looks_on = place.socket_dir, kind.observer
        self.bus = Bus(who, where, self.inbox, kinds, topics, self.outbox, looks_on, self.recorder, unkept, place.sinks)
        self.begun = self.node.observer  # who only looks on need not wait for the others
        self.ended = self.released = self._finishing = False
        self.halting = self.halted = self.interrupted = False
        self._positions: Positions = {}  # of the last checkpoint
        self._started = time.monotonic()
        self._next_look = self._next_status = 0.0
        self._interval = FIRST_CHECKPOINT_SECONDS
        self._next_checkpoint = self._started + self._interval

    def run(self) -> None:
        """All of a process's life. What the node holds it lets go whatever happens, a machine on a signal too."""
        with closing(self.node):
            if self.node.realtime:
                _on_signals(_leave)
            try:
                self._live()
            finally:
                if self.node.realtime:
                    _on_signals(signal.SIG_IGN)  # it leaves already: nothing may interrupt that

    def _live(self) -> None:
        kept = None if self.node.observer or self.node.realtime else checkpoint.load(self.path)
        if kept:
            self._restore(kept)
        self._wait_for_the_others()
        if not self.begun:
            return
        if self.place.life and self._by_arrival:
            self._meet_machines()
        if not kept:
            self._say_at_length(self.node.start())
        while not (self.ended or self.released):
            self._look()
            self._turn()
        if not self.ended:
            self._leave_early()
            return
        self._report("ended")
        while not self.released:
            self.bus.receive(LOOK_SECONDS)
            self._look()

    def _wait_for_the_others(self) -> None:
        """Nothing is done before all nodes have been built: until then one may refuse what it was given."""
        self._report("ready")
        while not (self.begun or self.released):
            self.lifeline.wait(LOOK_SECONDS)
            self.bus.receive(0)
            self._report_now_and_then()
            self._obey()

    def _meet_machines(self) -> None:
        """They know how far they have heard what a former life had not kept: only behind that is something new."""
        machines = {name for name in self.place.machines if name in self.place.listeners}
        while not (self.released or machines <= self.bus.speaker.met):
            self.bus.receive(LOOK_SECONDS)
            self._report_now_and_then()
            self._obey()

    def _leave_early(self) -> None:
        """Finishes, for the files that a node may write then; says nothing, for its streams have not come to an end."""
        if not self._finishing:
            if self.node.observer or self.recorder or not self.node.says:  # a report: the last weights
                self._hear_the_rest()
            try:
                for _ in self.node.finish():
                    pass
            except OSError as error:
                self._cannot_save(error)
        self._report("left")

    def _say_at_length(self, messages: Iterable[Message]) -> None:
        """Says what may take long, a teleoperator's start for one: looks after connections and orders in between."""
        for message in messages:
            self.bus.say(message)
            self.bus.receive(0)
            self._report_now_and_then()
            self._obey()
            if self.halting and not self.halted:
                self._halt(amid=True)
            if self.released:
                return

    def _turn(self) -> None:
        """Hears one message, if need be waits for it; looks at the clock where the node goes by it."""
        said = self.turns.hear()
        if said is None and not self.turns.over and self.bus.receive(self.turns.patience(LOOK_SECONDS)):
            said = self.turns.hear()
        self._say(said or ())
        self._say(self.turns.tick())
        if self.node.done or (said is None and self.turns.all_heard):
            self._end()

    def _hear_the_rest(self) -> None:
        """What was said before all others left: some of it, status for one, has no end that could be waited for."""
        more = True
        while more:
            while (said := self.turns.hear()) is not None:
                self._say(said)
            more = self.bus.receive(LOOK_SECONDS)

    def _say(self, messages: Iterable[Message]) -> None:
        if self._by_arrival:
            self._say_kept(list(messages))
            return
        for message in messages:
            self.bus.say(message)

    def _say_kept(self, messages: list[Message]) -> None:
        """By arrival a node could say something else if it came back: what it says freely is kept first.

        But what a machine hears, a person's stop for one, waits for no disk.
        """
        others = [message for message in messages if self.bus.speaker.topics.get(type(message)) not in self._urgent]
        for message in messages:
            if self.bus.speaker.topics.get(type(message)) in self._urgent:
                self.bus.say(message)
        noted = [pair for message in others for pair in self.bus.note(message)]
        if any(message.cadence == "free" for message in messages):
            self._keep(durable=any(message.cadence == "free" for message in others))
        for topic, frames in noted:
            self.bus.send(topic, frames)

    def _end(self) -> None:
        self._finishing = True
        self._finish()
        if not self.released:
            self.bus.end()
            self.ended = True
            self._keep(durable=True)
            if not self.halted:
                self.bus.acknowledge_all()

    def _finish(self) -> None:
        """The node's last words. Where one that says nothing cannot write, it tries again: people may free some space.

        After UNWRITTEN_SECONDS the launcher is told `unsaved`, and ends a run that can be gone on with.
        """
        give_up = time.monotonic() + UNWRITTEN_SECONDS
        while not self.released:
            try:
                self._say_at_length(self.node.finish())
                return
            except OSError as error:
                if self.node.says:
                    raise
                self._cannot_save(error)
            self._report("alive" if time.monotonic() < give_up else "unsaved")
            self.lifeline.wait(LOOK_SECONDS)
            self.bus.receive(LOOK_SECONDS)
            self._obey()

    def _look(self) -> None:
        """Now and then: the lifeline, the checkpoint, the status."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        interrupted = self._obey()
        if self.halting and not self.halted:
            self._halt()
        elif interrupted or (now >= self._next_checkpoint and not self.ended):
            self._keep()
        self._report_now_and_then()

    def _halt(self, amid: bool = False) -> None:
        """Stands still with its last checkpoint kept, until it is told to go on to an early end, or to leave.

        All nodes stand still before one of them comes to an early end. So whatever they say or do then is in no
        checkpoint, and the run that is resumed is the one that was never interrupted. `amid` what it says at length it
        has no state that could be kept: the checkpoint before that counts.
        """
        if not (amid or self.interrupted):  # interrupted already: it was started again after all have stood still
            self.node.halt()
            self._keep(durable=True)
        self.halted = True
        if not self.node.unkept:
            self.lifeline.report("halted", self._lost())
        while not (self.interrupted or self.released):
            self.lifeline.wait(LOOK_SECONDS)
            self._report_now_and_then()
            self._obey()

    def _report_now_and_then(self) -> None:
        now = time.monotonic()
        if now >= self._next_status:
            self._next_status = now + STATUS_SECONDS
            self.bus.tell(self._status(), Status.topic)
            self._report("alive")

    def _report(self, event: str) -> None:
        self.lifeline.report(event, self._lost(), self.node.unkept)

    def _obey(self) -> bool:
        """Does what the launcher says; whether it was `interrupt`, which must not be forgotten by a restart."""
        orders = self.lifeline.orders()
        self.begun = self.begun or "begin" in orders
        self.released = self.released or "release" in orders
        self.halting = self.halting or ("halt" in orders and not self.node.observer)
        for order in orders:
            if order.startswith("warn "):
                self.node.warn(json.loads(order.removeprefix("warn ")))
        if "interrupt" in orders:
            self.interrupted = True
            self.node.interrupt()
        return "interrupt" in orders

    def _status(self) -> Status:
        streams = self.inbox.streams.values()
        said = {topic: self.outbox.next_sequence(topic) for topic in self.bus.speaker.topics.values()}
        return Status(
            0,
            0,
            self.plan.name,
            self.place.life,
            os.getpid(),
            time.monotonic() - self._started,
            said,
            dict(self.bus.listener.heard),
            self._lost(),
            sum(len(s.waiting) for s in streams),
            self.ended,
        )

    def _lost(self) -> dict[str, int]:
        """What was missed; a recorder knows better than its connections, for its file may have it."""
        return self.recorder.lost() if self.recorder else dict(self.bus.lost)

    def _keep(self, durable: bool = False) -> None:
        """Keeps a checkpoint, and lets the senders forget what lies before its predecessor, which is kept too.

        It outlives a power cut if it is `durable`, and always in a node on which no machine waits.
        """
        if self.node.observer or self.released or self.halted:
            return
        if self.node.realtime:
            self.bus.acknowledge(self.inbox.positions())
            self._next_checkpoint = time.monotonic() + CHECKPOINT_SECONDS
            return
        self._interval = min(CHECKPOINT_SECONDS, 2 * self._interval)
        self._next_checkpoint = time.monotonic() + self._interval
        saved = self._is_saved(durable or not self._urgent)
        if saved or self.recorder:  # what a recorder could not keep it has counted as lost
            self.bus.acknowledge(self._positions)
            self._positions = self.inbox.positions()

    def _is_saved(self, durable: bool) -> bool:
        """Saves a checkpoint. On a full disk the node goes on, and its senders keep what it may have to hear again."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.outbox.spill(durable)
            checkpoint.save(self.path, self._state(), durable)
            self.outbox.saved()
        except OSError as error:
            self._cannot_save(error)
            return False
        self.node.unkept = ""
        return True

    def _state(self) -> dict[str, Any]:
        return {
            "node": self.node.state(),
            "inbox": self.inbox.state(),
            "outbox": self.outbox.state(),
            "done": self.node.done,
            "ended": self.ended,
            "lost": dict(self.bus.lost),
        }

    def _cannot_save(self, error: OSError) -> None:
        """Has the launcher, its screens and the log say so."""
        name = Path(error.filename).name.removesuffix(".new") if error.filename else self.path.name
        unkept = f"{name} ({error.strerror or error})"
        if not self.node.unkept:
            complain(f"cannot save {unkept}")
            self._next_status = 0.0
        self.node.unkept = unkept

    def _restore(self, kept: dict[str, Any]) -> None:
        self.node.load(kept["node"])
        self.inbox.load(kept["inbox"])
        self.outbox.load(kept["outbox"])
        self.node.done, self.ended = kept["done"], kept["ended"]
        self.bus.lost.update(kept.get("lost", {}))  # checkpoints of an older version do not count them
        self._positions = self.inbox.positions()
        if self.ended:
            self.bus.acknowledge_all()


def _on_signals(action: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """What the signals do that ask a process to end."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, action)


def _leave(number: int, _: FrameType | None) -> None:
    """Ends the process once, whatever it does: a second signal finds it leaving."""
    _on_signals(signal.SIG_IGN)
    sys.exit(128 + number)
