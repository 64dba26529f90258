"""Verifies a recorded run: each node is replayed on its recorded input, and must publish what was recorded.

A node that is ordered by logical time is a pure function of its input. So a difference comes from its code, its
parameters or the machine's arithmetic, and shows in that node alone: all others get the recorded input.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from tutelage.assignment import inbox_of, topics_of
from tutelage.codec import pack_state
from tutelage.graph import Graph, NodePlan, node_class
from tutelage.input.problems import Refusal, printable
from tutelage.message import FOREVER, Message, Promise, build, values
from tutelage.recording.reader import Reader
from tutelage.turns import Turns

PARTLY = "as far as its input was recorded"
WITHOUT = "is recorded without number"
"""Why a node is not verified whose input is not all in the recording."""


class Comparison(NamedTuple):
    """The verdict on a node: how many of its messages were the same; `why` is the difference, or why it is unknown."""

    node: str
    verdict: Literal["same", "differs", "not verified"]
    messages: int
    why: str = ""


class Replayed:
    """A node that is replayed. Its messages are compared with the recorded ones of the same number."""

    def __init__(self, plan: NodePlan, graph: Graph, folder: Path) -> None:
        kind = node_class(plan.run)
        self.name, self.same, self.difference, self.gap = plan.name, 0, "", ""
        self.inbox = inbox_of(plan, kind, graph)
        self._said: dict[tuple[str, int], tuple[Any, ...]] = {}
        self._recorded: dict[tuple[str, int], list[Any]] = {}
        self._ends: dict[str, int] = {}  # how many messages were recorded on each topic that has ended
        self._kinds: dict[str, type[Message]] = {}
        self._finished = False
        with self._alert():
            self.node = kind(**plan.parameters)
            self.node.name, self.node.run_dir = plan.name, folder
            self.topics = topics_of(plan, self.node, graph.messages)
            self._counts = dict.fromkeys(self.topics.values(), 0)
            self._kinds = {topic: said for said, topic in self.topics.items()}
            self._say(self.node.start())
            self._go_on()

    @contextmanager
    def _alert(self) -> Iterator[None]:
        """Takes an error as a difference, since the recorded node had none; a Refusal as a gap: it lacks something."""
        try:
            yield
        except Refusal as refusal:
            self.gap = str(refusal)
        except Exception as error:
            self._differs(f"it raises {type(error).__name__}: {error}")

    @property
    def over(self) -> bool:
        """Whether the verdict is already known."""
        return bool(self.difference or self.gap)

    def hear(self, sender: str, topic: str, number: int, fields: list[Any]) -> None:
        """Hands the node a recorded message if it is one of its inputs."""
        stream = self.inbox.streams.get((sender, topic))
        if not stream or self.over or self._finished:
            return
        if number != stream.received:
            self.gap = f"{topic} of {sender} {WITHOUT} {stream.received}"
            return
        with self._alert():
            self.inbox.put(sender, topic, build(stream.kind, fields))
            self._go_on()

    def _go_on(self) -> None:
        turns = Turns(self.node, self.inbox)
        self._say(turns.hear_all())
        if turns.over and not self._finished:
            self._finished = True
            self._say(self.node.finish())

    def _say(self, messages: Iterable[Message]) -> None:
        for message in messages:
            found = values(message)
            for topic in self.topics.values() if type(message) is Promise else [self.topics[type(message)]]:
                place = topic, self._counts[topic]
                self._counts[topic] += 1
                self._said[place] = found
                self._compare(place)

    def was(self, topic: str, number: int, fields: list[Any]) -> None:
        """Compares the node with a recorded message if it is one of its outputs."""
        if topic not in self._kinds or self.over:
            return
        if fields == [FOREVER, 0]:
            self._ends[topic] = number
        else:
            self._recorded[topic, number] = fields
            self._compare((topic, number))

    def _compare(self, place: tuple[str, int]) -> None:
        if place in self._said and place in self._recorded:
            said, recorded = self._said.pop(place), self._recorded.pop(place)
            if pack_state(list(said)) == pack_state(recorded):
                self.same += 1
            else:
                what = _difference(self._kinds[place[0]], said, recorded)
                self._differs(f"{place[0]} of rollout {recorded[0]}, step {recorded[1]}: {what}")

    def _differs(self, what: str) -> None:
        self.difference = self.difference or what

    def verdict(self) -> Comparison:
        """The verdict, after the whole recording."""
        missing = sorted(self._recorded) if self._finished else []
        further = sorted(place for place in self._said if place[1] >= self._ends.get(place[0], FOREVER))
        for topic, number in [] if self.gap else missing:
            self._differs(f"{topic} number {number} was recorded, but is not published")
        for topic, number in [] if self.gap else further:
            self._differs(f"{topic} number {number} is published, but was not recorded")
        if self.difference:
            return Comparison(self.name, "differs", self.same, self.difference)
        why = self.gap or ("" if self._finished else PARTLY)
        return Comparison(
            self.name, "not verified" if self.gap or not (self.same or self._finished) else "same", self.same, why
        )


def _difference(kind: type[Message], said: tuple[Any, ...], recorded: list[Any]) -> str:
    """The first field that differs, and how."""
    if len(said) != len(recorded):
        return "it is another message"
    names = [field.name for field in kind.declared]
    for name, now, then in zip(names, said, recorded, strict=False):
        if pack_state(now) != pack_state(then):
            return f"{name} is {_short(now, then)}, was recorded as {_short(then, now)}"
    raise AssertionError("the messages are the same")


def _short(value: Any, other: Any) -> str:
    """A value; of two maps, or two arrays of one shape, only what differs."""
    if isinstance(value, dict) and isinstance(other, dict):
        return str({k: v for k, v in value.items() if k not in other or pack_state(other[k]) != pack_state(v)})[:200]
    if not isinstance(value, np.ndarray):
        return repr(value)[:60]
    if not isinstance(other, np.ndarray) or (value.shape, value.dtype) != (other.shape, other.dtype):
        return f"{value.dtype} {list(value.shape)}"
    different = np.argwhere(~((value == other) | ((value != value) & (other != other))))
    at = tuple(map(int, different[0])) if len(different) else ()
    return f"{value[at]!r} at {list(at)}" if at else f"{value.ravel()[:1]}"


def verify(recording: Path, graph: Graph, interrupted: bool = False) -> list[Comparison]:
    """The verdict on each node of a recorded graph."""
    verdicts = [
        Comparison(plan.name, "not verified", 0, why) for plan in graph.nodes if (why := _why_not(plan, interrupted))
    ]
    settled = {verdict.node for verdict in verdicts}
    with tempfile.TemporaryDirectory() as folder:
        replayed = {plan.name: Replayed(plan, graph, Path(folder)) for plan in graph.nodes if plan.name not in settled}
        reader = Reader(recording)
        for recorded in reader:
            header, fields = recorded.open()
            for node in replayed.values():
                node.hear(header.sender, recorded.topic, header.sequence, fields)
            if header.sender in replayed:
                replayed[header.sender].was(recorded.topic, header.sequence, fields)
    return [node.verdict() for node in replayed.values()] + verdicts


def _why_not(plan: NodePlan, interrupted: bool) -> str:
    """Why a node cannot be replayed; empty if it can."""
    if not plan.run:
        return "it is a program of its own"
    kind = node_class(plan.run)
    if kind.observer:
        return "it is an observer"
    if kind.realtime or kind.clock:
        return "it acts by the clock"
    if kind.order != "time":
        return "it is ordered by arrival"
    if interrupted and kind.interruptible:
        return "the run was interrupted, which is not recorded"
    return ""


def text(verdicts: list[Comparison]) -> str:
    """A line for each node; differences come last, where they are seen."""
    order = {"not verified": 0, "same": 1, "differs": 2}
    lines = []
    for found in sorted(verdicts, key=lambda verdict: order[verdict.verdict]):
        count = f"{found.messages} messages the same" if found.verdict != "not verified" or found.messages else ""
        what = printable("; ".join(part for part in (found.why, count) if part))
        lines.append(f"{printable(found.node)}: {found.verdict}" + (f" ({what})" if what else ""))
    return "\n".join(lines)
