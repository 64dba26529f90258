"""Prints messages as they pass: as text, as JSON lines, or as rows of CSV."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from tutelage.foreign import message_type
from tutelage.input.problems import Problem, Refusal, did_you_mean, printable
from tutelage.observers import runs
from tutelage.observers.listener import Heard, hear
from tutelage.observers.rows import Rows
from tutelage.output import SHORT, plain
from tutelage.supervision.registry import Running


class Echo:
    """The messages of some topics as text. `heard` and `lost` count them by topic."""

    def __init__(
        self,
        run: Running,
        topics: list[str],
        count: int | None,
        as_json: bool,
        full: bool,
        field: str | None = None,
        as_csv: bool = False,
    ) -> None:
        """Raises Refusal for an unknown topic, if `field` is not one of each topic's, or for CSV of several topics."""
        runs.check_topics(run, topics)
        if as_csv and len(topics) > 1:
            raise Refusal([Problem("--csv", f"rows have the columns of one topic: name one of {', '.join(topics)}")])
        self.field = field
        for topic in topics if field else ():
            known = [one.name for one in message_type(run.graph.messages[topic]).declared]
            if field not in known:
                raise Refusal([Problem(topic, f"has no field '{field}'; {did_you_mean(str(field), known)}")])
        self.run, self.topics, self.count = run, topics, count
        self.as_json, self.full, self.rows = as_json, full, Rows(field) if as_csv else None
        self.heard: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()

    def lines(self) -> Iterator[str | None]:
        """A text for each message; None now and then if there is none."""
        kinds = {topic: message_type(self.run.graph.messages[topic]) for topic in self.topics}
        senders = {sender for topic in self.topics for sender in runs.speakers(self.run, topic)}
        for heard in hear(self.run.name, self.run.socket_dir, sorted(senders), kinds):
            if heard:
                self.heard[heard.topic] += 1
                self.lost[heard.topic] += heard.lost
            yield self._text(heard) if heard else None
            if self.count and self.heard.total() >= self.count:
                return

    def _text(self, heard: Heard) -> str:
        if self.rows:
            return self.rows.text(heard)
        if self.field:
            value = getattr(heard.message, self.field)
            return json.dumps(plain(value, self.full)) if self.as_json else _short(value, self.full)
        return json_line(heard, self.full) if self.as_json else text(heard, self.full)

    def summary(self) -> str:
        """How many messages were received and lost on each topic."""
        return "\n".join(f"{topic}: {self.heard[topic]} heard, {self.lost[topic]} lost" for topic in self.topics)


def text(heard: Heard, full: bool = False) -> str:
    """A message as lines: its topic, logical time and sender, then its fields."""
    lines = [f"... {heard.lost} lost ..."] if heard.lost else []
    message, header = heard.message, heard.header
    lines.append(
        f"{heard.topic}  rollout {message.rollout}, step {message.step}  from {header.sender}, number {header.sequence}"
    )
    fields = _own_fields(heard)
    width = max(map(len, fields), default=0)
    return "\n".join([*lines, *(f"  {name:{width}}  {_short(value, full)}" for name, value in fields.items())])


def _own_fields(heard: Heard) -> dict[str, Any]:
    names = [field.name for field in heard.message.declared]
    return {name: getattr(heard.message, name) for name in names if name not in ("rollout", "step")}


def _short(value: Any, full: bool) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes {value.hex() if full else value[:SHORT].hex() + '...' * (len(value) > SHORT)}"
    if isinstance(value, np.ndarray):
        shown = value.ravel() if full else value.ravel()[:SHORT]
        numbers = " ".join(f"{number:.6g}" if value.dtype.kind == "f" else str(number) for number in shown.tolist())
        return f"{value.dtype} {list(value.shape)}  {numbers}{' ...' if shown.size < value.size else ''}"
    return f"{value:.6g}" if isinstance(value, float) else printable(str(value), keep="")


def json_line(heard: Heard, full: bool = False) -> str:
    """A message as a line of JSON; `sent_ns` is the sender's monotonic clock. Without `full`, arrays are shortened."""
    header, message = heard.header, heard.message
    line = {"topic": heard.topic, "sender": header.sender, "restarts": header.restarts, "sequence": header.sequence}
    line |= {"sent_ns": header.sent, "lost": heard.lost, "rollout": message.rollout, "step": message.step}
    return json.dumps(line | {name: plain(value, full) for name, value in _own_fields(heard).items()}, allow_nan=False)
