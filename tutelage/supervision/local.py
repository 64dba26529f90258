"""All nodes of a graph in this process, without sockets: for debuggers, and to show that processes change nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tutelage.codec import Header
from tutelage.graph import Graph, node_class
from tutelage.message import FOREVER, Message, Promise, values
from tutelage.process import inbox_of, topics_of


def run(graph: Graph, run_dir: Path) -> None:
    """Runs the graph to its end; each node in turn hears what it can."""
    nodes = {plan.name: node_class(plan.run)(**plan.parameters) for plan in graph.nodes}
    inboxes = {plan.name: inbox_of(plan, type(nodes[plan.name]), graph.messages) for plan in graph.nodes}
    topics = {plan.name: topics_of(plan, nodes[plan.name]) for plan in graph.nodes}
    numbers: Counter[tuple[str, str]] = Counter()

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
        """One message for one node; whether it goes on."""
        node, inbox = nodes[name], inboxes[name]
        while not node.done and (message := inbox.pop()) is not None:
            say(name, node.hear(message) or ())
        if not (node.done or inbox.ended):
            return True
        say(name, node.finish())
        say(name, [Promise(FOREVER, 0)])
        return False

    for name, node in nodes.items():
        say(name, node.start())
    going = list(nodes)
    while any(not nodes[name].observer for name in going):
        going = [name for name in going if turn(name)]
    for name in going:  # those who look on may also wait for what has no end
        if turn(name):
            say(name, nodes[name].finish())
