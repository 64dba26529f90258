"""Runs all nodes of a graph in this process, without sockets: for debuggers, and to show the result is the same."""

from __future__ import annotations

import contextlib
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tutelage.assignment import inbox_of, topics_of, unsaid_of
from tutelage.codec import Header
from tutelage.graph import Graph, node_class
from tutelage.input.problems import Refusal
from tutelage.message import FOREVER, Message, Promise, values
from tutelage.node import Node, RecordingNode
from tutelage.node_life import LOOK_SECONDS
from tutelage.supervision.outcome import REFUSED, Outcome
from tutelage.supervision.signals import Interrupted, Signals
from tutelage.turns import Turns


def run(graph: Graph, run_dir: Path) -> Outcome:
    """Runs the graph to its end: each node in turn hears what it can. No node may be a program."""
    with ExitStack() as closing:
        try:
            nodes = {plan.name: node_class(plan.run)(**plan.parameters) for plan in graph.nodes}
            for plan in graph.nodes:
                nodes[plan.name].lacks(unsaid_of(plan, type(nodes[plan.name])))
        except Refusal as refusal:
            return Outcome(exit_code=REFUSED, refusal=str(refusal))
        for name, node in nodes.items():
            node.name, node.run_dir = name, run_dir
            closing.callback(node.close)
        together = _Together(graph, nodes, run_dir.name)
        with Signals(together.interrupt):
            together.run()
        code = 128 + together.asked if together.asked else int(bool(together.why))
        return Outcome(exit_code=code, failed=together.failed, why=together.why, signal=together.asked)


class _Together:
    """Nodes that take turns and put their messages straight into each other's inboxes."""

    def __init__(self, graph: Graph, nodes: dict[str, Node], run: str) -> None:
        self.nodes, self.run_name, self.asked = nodes, run, 0
        self.turn = self.failed = self.why = ""  # whose turn it is; which node failed, and why
        self.inboxes = {plan.name: inbox_of(plan, type(nodes[plan.name]), graph) for plan in graph.nodes}
        self.turns = {name: Turns(node, self.inboxes[name]) for name, node in nodes.items()}
        self.topics = {plan.name: topics_of(plan, nodes[plan.name], graph.messages) for plan in graph.nodes}
        self.by_clock = {name: node for name, node in nodes.items() if node.clock}
        self._numbers: Counter[tuple[str, str]] = Counter()

    def run(self) -> None:
        """Runs to the end, or until a number is not finite: then the other nodes finish and write their files."""
        try:
            self._run()
        except FloatingPointError as error:
            self.failed, self.why = self.turn, str(error)
            for name in self.nodes.keys() - {self.failed}:
                self._leave(name)

    def _run(self) -> None:
        for name, node in self.nodes.items():
            self.turn = name
            self._say(name, node.start())
        going = list(self.nodes)
        while any(not self.nodes[name].observer for name in going):
            self._wait(going)
            going = [name for name in going if self._turn(name)]
        for name in going:  # the inputs of observers may have no end
            if self._turn(name):
                self._say(name, self.nodes[name].finish())

    def interrupt(self, number: int) -> None:
        """The first interrupt ends the run in good order, with the signal's exit code; the second at once."""
        if self.asked:
            raise Interrupted(number)
        self.asked = number
        for node in self.nodes.values():
            node.interrupt()

    def _turn(self, name: str) -> bool:
        """Hands a node all that it can hear, and its tick if that is due; returns whether it goes on."""
        turns, self.turn = self.turns[name], name
        self._say(name, turns.hear_all())
        self._say(name, turns.tick())
        if not turns.over:
            return True
        self._say(name, turns.node.finish())
        self._say(name, [Promise(FOREVER, 0)])
        return False

    def _leave(self, name: str) -> None:
        """Finishes a node early. If it publishes nothing, like a report, it first hears what was published."""
        node = self.nodes[name]
        node.interrupt()
        with contextlib.suppress(FloatingPointError):
            if not node.says:
                deque(self.turns[name].hear_all(), maxlen=0)
            deque(node.finish(), maxlen=0)

    def _wait(self, going: list[str]) -> None:
        """Waits for the next tick if no node has a message to hear; briefly, because an inbox may have ended."""
        due = [self.by_clock[name].due() for name in going if name in self.by_clock]
        waiting = any(stream.waiting for inbox in self.inboxes.values() for stream in inbox.streams.values())
        if due and not waiting:
            time.sleep(min(LOOK_SECONDS, max(0.0, min(due) - time.monotonic())))

    def _say(self, sender: str, messages: Iterable[Message]) -> None:
        for message in messages:
            fields, topics = values(message), self.topics[sender]
            for topic in topics.values() if type(message) is Promise else [topics[type(message)]]:
                self._deliver(sender, topic, message, fields)

    def _deliver(self, sender: str, topic: str, message: Message, fields: Sequence[Any]) -> None:
        now = time.monotonic_ns()
        header = Header(self.run_name, sender, 0, self._numbers[sender, topic], now, now)
        self._numbers[sender, topic] += 1
        for name, inbox in self.inboxes.items():
            if (sender, topic) in inbox.streams:
                node = self.nodes[name]
                if isinstance(node, RecordingNode):
                    node.witness(inbox.streams[sender, topic].kind, topic, header, fields)
                inbox.put(sender, topic, message)
