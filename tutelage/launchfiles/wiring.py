"""Makes a graph of a launch file: connects the subscribers of each message type to its publishers.

A node receives a message type from all nodes that publish it on the same topic: in its own namespace, unless remapped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tutelage.graph import Graph, NodePlan
from tutelage.input.problems import LaunchError, Problem
from tutelage.input.yaml_marks import shown
from tutelage.launchfiles import composing
from tutelage.launchfiles.entries import Entry, LaunchFile
from tutelage.launchfiles.machines import refuse_contradictions
from tutelage.launchfiles.plans import Planned, plan_node
from tutelage.message import Message, fingerprint, schema
from tutelage.node import Node
from tutelage.status import Status


class _Publisher(NamedTuple):
    """A node that publishes a message type on a topic."""

    name: str
    kind: type[Message]


def wire(launch_file: LaunchFile, name: str = "") -> Graph:
    """The graph of a launch file; its name is `name`, or the file's.

    Raises:
        LaunchError: all problems of the launch file.
    """
    problems = list(launch_file.problems)
    wired = [plan_node(entry, problems) for entry in launch_file.entries]
    if not wired and not problems:
        problems.append(Problem(shown(launch_file.path), "this launch file starts no node: add one under nodes"))
    _refuse_duplicates(launch_file.entries, problems)
    refuse_contradictions(launch_file.entries, problems)
    wired = [_with_obeyed(one, wired) for one in wired]
    publishers = _publishers(wired, problems)
    unconnected = [problem for one in wired for problem in _listen(one, publishers)]
    unconnected += [*_refuse_optional(wired), *_refuse_rivals(wired)]
    unconnected += composing.problems(wired)
    if not any(problem.hides for problem in problems):
        problems.extend(unconnected)
    if problems:
        raise LaunchError(problems)
    arguments = {argument.name: argument.value for argument in launch_file.arguments.values()}
    messages = {topic: schema(senders[0].kind) for topic, senders in publishers.items()}
    plans, time = [one.plan for one in wired], launch_file.time or "lockstep"
    made = Graph(name or launch_file.path.stem, plans, arguments, time, messages)
    made.lease = launch_file.lease or made.lease
    return made


def _refuse_duplicates(entries: list[Entry], problems: list[Problem]) -> None:
    first: dict[str, Entry] = {}
    for entry in entries:
        other = first.setdefault(entry.name, entry)
        if other is not entry:
            what = f"two nodes are named '{entry.name}', one at {other.place}: rename this one, or give it a namespace"
            problems.append(Problem(entry.place, what))


def _with_obeyed(one: Planned, wired: list[Planned]) -> Planned:
    """A node that steers says also the types that others obey on its topics."""
    entry, kind, plan = one
    if not (kind and kind.steers):
        return one
    obeyed = {
        obeyed.topic: obeyed
        for other in wired
        for obeyed in (other.kind.obeys if other.kind and _in_time(kind, other.kind) else ())
        if other.entry.topic(obeyed.topic) == entry.topic(obeyed.topic)
    }
    plan.says |= {own: entry.topic(own) for own in obeyed}
    return one._replace(kind=type(kind.__name__, (kind,), {"says": (*kind.says, *obeyed.values())}))


def _in_time(steering: type[Node], kind: type[Node]) -> bool:
    """Whether a node can be told by one that steers: a live one promises no rollout, for which others would wait."""
    return kind.order == "arrival" or not steering.clock


def _publishers(wired: list[Planned], problems: list[Problem]) -> dict[str, list[_Publisher]]:
    """The publishers of each topic. It is a problem if a topic would carry two message types."""
    publishers: dict[str, list[_Publisher]] = {}
    for entry, kind, plan in wired:
        for said, topic in _says(kind, plan) if kind else ():
            others = publishers.setdefault(topic, [])
            if others and not _same(said, others[0].kind):
                what = (
                    f"{plan.name} publishes {said.__name__} on the topic {topic}, on which {others[0].name} publishes "
                    f"{others[0].kind.__name__}: remap one of them"
                )
                problems.append(Problem(entry.place, what, hides=True))
            others.append(_Publisher(plan.name, said))
    return publishers


def _says(kind: type[Node], plan: NodePlan) -> list[tuple[type[Message], str]]:
    """The types and topics that a node publishes, and the status of its process, which has one topic for all nodes."""
    return [*((said, plan.says[said.topic]) for said in kind.says), (Status, Status.topic)]


def _same(one: type[Message], other: type[Message]) -> bool:
    return one is other or (one.topic == other.topic and fingerprint(one) == fingerprint(other))


def _listen(one: Planned, publishers: Mapping[str, list[_Publisher]]) -> Iterator[Problem]:
    """Fills in a node's subscriptions. It is a problem if no node publishes a type that it needs."""
    entry, kind, plan = one
    if not kind:
        return
    if kind.observer and kind.order != "arrival":
        yield Problem(entry.place, f"{plan.name} is an observer, which may miss messages: it needs order = 'arrival'")
    for heard in (*kind.hears, *kind.may_hear):
        if heard is Status and not kind.observer:
            yield Problem(entry.place, f"{plan.name} hears Status, which needs observer = True and order = 'arrival'")
        topics = _topics(entry, heard, kind, publishers)
        for topic in topics:
            senders = [sender for sender in publishers.get(topic, ()) if sender.name != plan.name]
            if senders and heard is Message:
                plan.hears[topic] = [sender.name for sender in senders]
            elif senders and not _same(heard, senders[0].kind):
                yield Problem(entry.place, _other_type(plan.name, heard, topic, senders[0]))
            elif senders:
                plan.hears[topic] = [sender.name for sender in senders]
                plan.takes[topic] = heard.topic
            elif heard in kind.hears:
                yield Problem(entry.place, _unsaid(plan.name, heard, topic, publishers))


def _refuse_optional(wired: list[Planned]) -> Iterator[Problem]:
    """A problem for each node that is not required, although others wait for its messages."""
    for entry, kind, plan in wired:
        waiting = [one.plan.name for one in wired if one.kind and one.kind.order == "time"
                   for senders in one.plan.hears.values() if plan.name in senders]  # fmt: skip
        if not plan.required and kind and waiting:
            what = (
                f"the run cannot go on without {plan.name}: {waiting[0]} waits for its messages; drop `required: false`"
            )
            yield Problem(entry.place, what)


def _refuse_rivals(wired: list[Planned]) -> Iterator[Problem]:
    """A problem for each node that would answer each step of several others on one topic: they take one answer."""
    known = [one for one in wired if one.kind]
    waiting = {(node, plan.name) for _, _, plan in known for senders in plan.each_step().values() for node in senders}
    for entry, kind, plan in known:
        for topic, senders in plan.each_step().items() if kind and kind.order == "time" else ():
            rivals = sorted({sender for sender in senders if (plan.name, sender) in waiting})
            if len(rivals) > 1:
                what = (
                    f"{plan.name} hears {topic} from {rivals[0]} and {rivals[1]}, but one answer a step cannot serve "
                    f"both: give each a node and topics of its own, as simulators.yaml does"
                )
                yield Problem(entry.place, what)


def _topics(
    entry: Entry, heard: type[Message], kind: type[Node], publishers: Mapping[str, list[_Publisher]]
) -> list[str]:
    """The topics on which a type is heard; for an observer all from its namespace down, unless it is remapped.

    `Message` is heard on all of them, except statuses, which are for observers and have no end.
    """
    if heard is Status:
        return [Status.topic]
    if heard is Message:
        return [topic for topic in publishers if topic.startswith(entry.scope.absolute("")) and topic != Status.topic]
    if kind.hears_in:
        return [entry.scope.absolute(f"{kind.hears_in}/{heard.topic}")]
    if not kind.observer:
        return [entry.topic(heard.topic)]
    if entry.topic(heard.topic) != entry.scope.absolute(heard.topic):
        return [entry.topic(heard.topic)] if entry.topic(heard.topic) in publishers else []
    return [
        topic
        for topic, senders in publishers.items()
        if topic.startswith(entry.scope.absolute("")) and _same(heard, senders[0].kind)
    ]


def _other_type(name: str, heard: type[Message], topic: str, sender: _Publisher) -> str:
    said = sender.kind.__name__ if sender.kind.topic != heard.topic else f"a {sender.kind.__name__} with other fields"
    return f"{name} hears {heard.__name__} on the topic {topic}, but {sender.name} publishes {said}: remap one of them"


def _unsaid(name: str, heard: type[Message], topic: str, publishers: Mapping[str, list[_Publisher]]) -> str:
    for elsewhere, senders in publishers.items():
        if elsewhere != topic and _same(heard, senders[0].kind) and senders[0].name != name:
            return (
                f"{name} hears {topic}, but no node publishes it: {senders[0].name} publishes {elsewhere}; put both in "
                f"one namespace, or add remap: {{{heard.topic}: /{elsewhere}}} here"
            )
    usual = " ".join((heard.__doc__ or "").partition(":")[0].split())
    hint = f" ({usual})" if "->" in usual else ""
    return f"{name} hears {topic}, but no node publishes it: add a node that publishes {heard.__name__}{hint}"
