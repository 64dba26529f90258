"""All nodes of a graph in this process, without sockets: for debuggers, and to show that processes change nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from tutelage.codec import Header
from tutelage.graph import Graph, node_class
from tutelage.message import FOREVER, Message, Promise, values
from tutelage.node import Node
from tutelage.problems import LaunchError, Problem
from tutelage.process import inbox_of, topics_of
from tutelage.supervision.signals import Signals
from tutelage.supervision.supervisor import Outcome


def run(graph: Graph, run_dir: Path) -> Outcome:
    """Runs the graph to its end; each node in turn hears what it can.

    Raises:
        LaunchError: a node is a program of its own.
    """
    programs = [
        Problem(plan.name, "is a program: it cannot run in one process") for plan in graph.nodes if plan.command
    ]
    if programs:
        raise LaunchError(programs)
    with ExitStack() as closing:
        nodes = {plan.name: node_class(plan.run)(**plan.parameters) for plan in graph.nodes}
        for node in nodes.values():
            closing.callback(node.close)
        return _run(graph, nodes, run_dir)


def _run(graph: Graph, nodes: dict[str, Node], run_dir: Path) -> Outcome:
    inboxes = {plan.name: inbox_of(plan, type(nodes[plan.name]), graph.messages) for plan in graph.nodes}
    topics = {plan.name: topics_of(plan, nodes[plan.name]) for plan in graph.nodes}
    numbers: Counter[tuple[str, str]] = Counter()

    by_clock = {name: node for name, node in nodes.items() if type(node).due is not Node.due}
    for node in nodes.values():
        node.run_dir = run_dir

    def say(sender: str, messages: Iterable[Message]) -> None:
        for message in messages:
            checked = values(message)
            said = topics[sender].values() if type(message) is Promise else [topics[sender][type(message)]]
            for topic in said:
                now = time.monotonic_ns()
                header = Header(run_dir.name, sender, 0, numbers[sender, topic], now, now)
                numbers[sender, topic] += 1
                for name, inbox in inboxes.items():
                    if (sender, topic) in inbox.streams:
                        nodes[name].witness(inbox.streams[sender, topic].kind, topic, header, checked)
                        inbox.put(sender, topic, message)

    def turn(name: str) -> bool:
        """All that one node can hear, and its tick when that is due; whether it goes on."""
        node, inbox = nodes[name], inboxes[name]
        while not node.done and (message := inbox.pop()) is not None:
            say(name, node.hear(message) or ())
        if name in by_clock and not node.done and time.monotonic() >= node.due():
            say(name, node.tick())
        if not (node.done or (inbox.ended and (inbox.streams or name not in by_clock))):
            return True
        say(name, node.finish())
        say(name, [Promise(FOREVER, 0)])
        return False

    def wait(going: list[str]) -> None:
        """Waits for the first tick, where nobody has anything to hear before it."""
        due = [by_clock[name].due() for name in going if name in by_clock]
        if due and not any(stream.waiting for inbox in inboxes.values() for stream in inbox.streams.values()):
            time.sleep(max(0.0, min(due) - time.monotonic()))

    asked: list[int] = []

    def interrupt(number: int) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(128 + number)
        for node in nodes.values():
            node.interrupt()

    with Signals(interrupt):
        for name, node in nodes.items():
            say(name, node.start())
        going = list(nodes)
        while any(not nodes[name].observer for name in going):
            wait(going)
            going = [name for name in going if turn(name)]
        for name in going:  # those who look on may also wait for what has no end
            if turn(name):
                say(name, nodes[name].finish())
    return Outcome(exit_code=asked[0] if asked else 0)
