"""Checkpoints of a node's process: its state, its position in each stream, its messages that others may still need."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tutelage.files import checkpoint, durable
from tutelage.input.problems import Problem, Refusal, complain
from tutelage.node import Node, RecordingNode
from tutelage.transport.bus import Bus
from tutelage.transport.inbox import Positions

FIRST_SECONDS, MOST_SECONDS = 0.1, 1.0
"""The first checkpoint is saved after the first time; each later interval is twice as long, up to the second."""


BUDGET = ".budget"
"""Suffix of the checkpoint before the end of the budget, from which an extended run goes on."""


class Checkpointing:
    """The checkpoints of one node's process. Observers and realtime nodes have none.

    Args:
        durable: whether every checkpoint must survive a power cut. If no robot waits for the node, it costs nothing.
    """

    def __init__(self, node: Node, bus: Bus, durable: bool) -> None:
        self.node, self.bus, self.durable = node, bus, durable
        self.path = Path(f"{node.beside}.checkpoint")
        self._positions: Positions = {}  # of the last checkpoint
        self._interval = FIRST_SECONDS
        self.due_at = time.monotonic() + self._interval

    def restore(self) -> bool:
        """Restores the newest whole checkpoint; returns whether there is one.

        Raises:
            Refusal: all checkpoints are damaged, or of another version of the node.
        """
        node, bus = self.node, self.bus
        state = None if node.observer or node.realtime else checkpoint.load(self.path)
        if state is None:
            return False
        self._check_streams(state)
        node.load(state["node"])
        bus.inbox.load(state["inbox"])
        bus.outbox.load(state["outbox"])
        node.done, bus.ended = state["done"], state["ended"]
        bus.lost.update(state.get("lost", {}))  # checkpoints of older versions have no counts
        self._positions = bus.inbox.positions()
        if bus.ended:
            bus.acknowledge_all()
        return True

    def _check_streams(self, state: dict[str, Any]) -> None:
        """Raises Refusal if another version of the node saved the state, which had other streams."""
        heard = self.bus.inbox.state().keys() - state["inbox"].keys()
        if others := sorted(heard | (state["outbox"]["kept"].keys() - self.bus.outbox.state()["kept"].keys())):
            what = f"another version of its node was running, without or with {', '.join(others)}: resume with that one"
            raise Refusal([Problem(self.path, what)])

    def _state(self) -> dict[str, Any]:
        node, bus = self.node, self.bus
        streams = {"inbox": bus.inbox.state(), "outbox": bus.outbox.state(), "ended": bus.ended, "lost": dict(bus.lost)}
        return {"node": node.state(), "done": node.done, **streams}

    def save(self, durable: bool = False) -> bool:
        """Saves a checkpoint. Senders may then forget what precedes the checkpoint before it, which is kept too.

        After the node's end they may forget all. Returns whether it is saved, as far as this node saves anything.
        """
        saved = self._save(durable or self.bus.ended)
        if saved and self.bus.ended:
            self.bus.acknowledge_all()
        return saved

    def _save(self, durable: bool) -> bool:
        if self.node.observer:
            self.node.unkept = ""
            return True
        if self.node.realtime:
            self.due_at = time.monotonic() + MOST_SECONDS
            self.bus.acknowledge(self.bus.inbox.positions())
            return True
        self._interval = min(MOST_SECONDS, 2 * self._interval)
        self.due_at = time.monotonic() + self._interval
        saved = self._write(durable or self.durable) or isinstance(self.node, RecordingNode)
        if saved:  # a recorder counts as lost what it cannot write
            self.bus.acknowledge(self._positions)
            self._positions = self.bus.inbox.positions()
        return saved

    def keep(self) -> None:
        """Keeps the newest checkpoint under a name of its own, and from now on all files of messages that it counts."""
        if self.node.observer:
            return
        try:
            durable.write(self.path.with_suffix(BUDGET), self.path.read_bytes())
        except OSError as error:
            self.cannot_save(error)

    def _write(self, durable: bool) -> bool:
        """Writes a checkpoint; returns whether that succeeded. If not, the senders keep what may have to be resent."""
        try:
            self.bus.outbox.spill(durable)
            checkpoint.save(self.path, self._state(), durable)
            if not self.path.with_suffix(BUDGET).exists():
                self.bus.outbox.saved()
        except OSError as error:
            self.cannot_save(error)
            return False
        self.node.unkept = ""
        return True

    def cannot_save(self, error: OSError) -> None:
        """Writes to the log what cannot be saved; the heartbeat reports it to the launcher."""
        name = Path(error.filename).name.removesuffix(".new") if error.filename else self.path.name
        unkept = f"{name} ({error.strerror or error})"
        if not self.node.unkept:
            complain(f"cannot save {unkept}")
        self.node.unkept = unkept
