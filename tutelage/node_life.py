"""One node's life in its process: it is built, connected, works, and ends when the launcher says so (lifeline.py)."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

from tutelage.assignment import Assignment, inbox_of, topics_of, unsaid_of
from tutelage.checkpointing import Checkpointing
from tutelage.files.naming import file_name
from tutelage.graph import NodePlan, node_class
from tutelage.heartbeat import Heartbeat
from tutelage.lifeline import Lifeline
from tutelage.message import Message
from tutelage.node import RecordingNode
from tutelage.output_commit import OutputCommit
from tutelage.transport.bus import Bus, Who
from tutelage.transport.outbox import REALTIME_BYTES, Outbox
from tutelage.turns import Turns

LOOK_SECONDS = 0.05
"""How often a waiting process reads its orders."""

UNWRITTEN_SECONDS = 10.0
"""How long a node tries to write its last files, for example on a full disk, before it reports that it cannot."""

Course = Generator[float, object, None]
"""What a life does. It yields, where it waits for a message or an order, how many seconds it can wait."""


class NodeLife:
    """Runs one node until it has ended and the launcher releases it. It `stands` where it waits for an order alone."""

    def __init__(self, plan: NodePlan, place: Assignment, lifeline: socket.socket) -> None:
        kind = node_class(plan.run)
        self.node, self.place, self.lifeline = kind(**plan.parameters), place, Lifeline(lifeline, kind.observer)
        self.node.name, self.node.run_dir = plan.name, place.run_dir
        self.node.beside = place.run_dir / place.checkpoints / file_name(plan.name)
        self.node.lacks(unsaid_of(plan, kind))
        self._by_arrival = kind.order == "arrival" and not (kind.observer or kind.realtime)
        self._listeners = place.graph.listeners(plan)
        self._machines = self._listeners.keys() & place.graph.by_the_clock()
        self._urgent = {topic for name in self._machines for topic in self._listeners[name]}
        self.turns = Turns(self.node, inbox_of(plan, kind, place.graph))
        self.bus = self._connect(plan)
        self.heartbeat = Heartbeat(self.node, self.bus, self.lifeline)
        self.checkpoints = Checkpointing(self.node, self.bus, durable=not self._urgent)
        self._commit = OutputCommit(self.bus, self._urgent, self._save, kind.clock) if self._by_arrival else None
        self._publish = (self._commit or self.bus).publish
        self.stands = self._paused = self._halted = self._finishing = False
        self._next_look, self._extensible = 0.0, not place.graph.by_the_clock()

    def _connect(self, plan: NodePlan) -> Bus:
        node, place = self.node, self.place
        outbox = Outbox(self._listeners, REALTIME_BYTES if node.realtime else None, Path(f"{node.beside}.outbox"))
        node.says = tuple(topics := topics_of(plan, node, place.graph.messages))  # type: ignore[misc]  # one that steers
        witness = node if isinstance(node, RecordingNode) else None
        who, unkept = Who(place.run, plan.name, place.restarts, place.secret), self._urgent if self._by_arrival else ()
        inbox, folder, sinks, programs = self.turns.inbox, place.socket_dir, place.graph.sinks(), place.graph.programs()
        neighbours = {one.name for one in place.graph.together(plan)} - {plan.name}
        return Bus(who, folder, inbox, topics, outbox, node.observer, witness, unkept, sinks, programs, neighbours)

    @property
    def entries(self) -> list[Any]:
        """The sockets that it waits for."""
        return [self.lifeline.end.fileno()] if self.stands else self.bus.entries

    def wait(self, seconds: float) -> None:
        """Waits up to `seconds` for what the life waits for: a message or an order."""
        if self.stands:
            self.lifeline.wait(seconds)
        else:
            self.bus.receive(seconds)

    def course(self) -> Course:
        """The node's life, from its checkpoint or from the start."""
        restored = self.checkpoints.restore()
        yield from self._wait_for_the_others()
        if not self.lifeline.begun:
            return
        if self.place.restarts and self._by_arrival:
            yield from self._meet_machines()
        if not restored:
            yield from self._publish_slowly(self.node.start())
        while not (self.bus.ended or self.lifeline.released):
            yield from self._look()
            yield from self._turn()
        if self.bus.ended:
            self.heartbeat.report("ended")
        else:
            self._leave_early()
        self.bus.watch(self.lifeline.end.fileno())
        yield from self._remain()
        self.bus.leave()

    def _wait_for_the_others(self) -> Course:
        """Waits until all nodes are built: until then each may refuse its parameters."""
        self.heartbeat.report("ready")
        while not (self.lifeline.begun or self.lifeline.released):
            yield from self._stand_by()
            self.bus.receive(0)

    def _meet_machines(self) -> Course:
        """Waits until the robots say what they have heard: before the restart it may have sent more than it saved."""
        while not (self.lifeline.released or self._machines <= self.bus.speaker.met):
            yield from self._attend(LOOK_SECONDS)

    def _attend(self, seconds: float) -> Course:
        """Waits up to `seconds` for a message. Serves connections, heartbeat and orders meanwhile."""
        yield seconds
        self.heartbeat.beat()
        self.lifeline.obey(self.node)

    def _stand_by(self) -> Course:
        """Waits up to LOOK_SECONDS for an order."""
        self.stands = True
        yield from self._attend(LOOK_SECONDS)
        self.stands = False

    def _look(self) -> Course:
        """Every LOOK_SECONDS: orders, checkpoint, heartbeat."""
        if not self._paused and (self.lifeline.pausing or (self.node.ending and self._extensible)):
            yield from self._pause()
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        interrupted = self.lifeline.obey(self.node)
        if self.lifeline.halting and not self._halted:
            yield from self._halt()
        elif interrupted or (now >= self.checkpoints.due_at and (self.node.unkept or not self.bus.ended)):
            self._save()  # soon after an interrupt, which a restart must not undo
        self.heartbeat.beat()

    def _turn(self) -> Course:
        """Hands the node one message, after waiting for it if need be, and ticks it if it acts by the clock."""
        said = self.turns.hear()
        if said is None and not self.turns.over:
            yield self.turns.patience(LOOK_SECONDS)
            said = self.turns.hear()
        self._publish(said or ())
        self._publish(self.turns.tick())
        while self._commit and self._commit.withheld and not self.lifeline.released:
            yield from self._stand_by()
            yield from self._look()
            if self._halted or not self.node.unkept:
                self._commit.flush()
        if self.node.done or (said is None and self.turns.all_heard):
            yield from self._end()

    def _publish_slowly(self, messages: Iterable[Message]) -> Course:
        """Publishes what may take long, for example a teleoperator's start, and attends to the launcher in between."""
        for message in messages:
            self.bus.say(message)
            yield from self._attend(0)
            if self.lifeline.pausing and not self._paused:
                yield from self._pause(amid=True)
            if self.lifeline.halting and not self._halted:
                yield from self._halt(amid=True)
            if self.lifeline.released:
                return

    def _save(self, durable: bool = False) -> bool:
        return not (self.lifeline.released or self._halted) and self.checkpoints.save(durable)

    def _end(self) -> Course:
        self._finishing = True
        yield from self._finish()
        if not self.lifeline.released:
            self.bus.end()
            self._save(durable=True)

    def _remain(self) -> Course:
        """Serves others, and saves what could not be saved, until the process is released."""
        while not self.lifeline.released:
            yield from self._attend(LOOK_SECONDS)
            yield from self._look()

    def _finish(self) -> Course:
        """Publishes the node's last messages. If it cannot write its files before them, it tries again.

        After UNWRITTEN_SECONDS it reports `unsaved`, and the launcher ends the run, which can be resumed.
        """
        give_up = time.monotonic() + UNWRITTEN_SECONDS
        while not self.lifeline.released:
            try:
                last = self.node.finish()
            except OSError as error:
                self.checkpoints.cannot_save(error)
            else:
                yield from self._publish_slowly(last)
                return
            self.heartbeat.report("alive" if time.monotonic() < give_up else "unsaved")
            yield from self._stand_by()
            self.bus.receive(0)

    def _pause(self, amid: bool = False) -> Course:
        """Before the budget is used: saves a checkpoint that is kept, and waits until all nodes have done so.

        So an extended run goes on as if its end had not come. `amid` messages of `_publish_slowly` the node has no
        state to save: the last checkpoint counts. A node that was restarted after all have gone on does nothing.
        """
        self._paused = True
        if self.lifeline.continuing:
            return
        if not amid:
            self.node.halt()
            self._save(durable=True)
        self.checkpoints.keep()
        yield from self._stand("paused", lambda: self.lifeline.continuing or self.lifeline.halting)

    def _halt(self, amid: bool = False) -> Course:
        """Saves the last checkpoint and stops, until the launcher orders the early end or the exit.

        All nodes stop before one of them ends, so a resumed run equals the run that was never interrupted. `amid`: as
        in `_pause`. A node that was restarted after that saves nothing.
        """
        if not (amid or self.lifeline.interrupted):
            self.node.halt()
            self._save(durable=True)
        self._halted = True
        yield from self._stand("halted", lambda: False)

    def _stand(self, event: str, ordered: Callable[[], bool]) -> Course:
        """Reports that the node has stopped, and waits until it is `ordered` to go on, to end early, or to exit."""
        self.heartbeat.report(event)
        while not (ordered() or self.lifeline.interrupted or self.lifeline.released):
            yield from self._stand_by()

    def _leave_early(self) -> None:
        """Has the node write its last files. Its last messages are dropped: its streams have not come to an end."""
        if not self._finishing and self.node.beside.parent.exists():  # else a next life has its folder (lives.py)
            if self.node.observer or isinstance(self.node, RecordingNode) or not self.node.says:
                self._hear_the_rest()
            try:
                [*self.node.finish()]
            except OSError as error:
                self.checkpoints.cannot_save(error)
        self.heartbeat.report("left")

    def _hear_the_rest(self) -> None:
        """Hears what was published before the others left. Some streams, for example status, have no end."""
        more = True
        while more:
            while (said := self.turns.hear()) is not None:
                self._publish(said)
            more = self.bus.receive(LOOK_SECONDS)
