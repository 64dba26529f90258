"""What people say to a running graph: it goes to the launcher, and is safe when the steering node has listed it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tutelage.foreign import message_type
from tutelage.input.problems import Problem, Refusal
from tutelage.input.yaml_marks import parse, plain
from tutelage.observers import runs
from tutelage.supervision import control, roles
from tutelage.supervision.registry import Running

STEERED = "steered-{}.jsonl"
"""In the run's folder, one of each steering node: a row of rollout, topic and fields for each message, newest last."""

ADMITTED_SECONDS, LOOK_SECONDS = 8.0, 0.05
"""How long a message may take to be admitted, two rollouts at most, and how often that is looked for."""

PENDING = "asked for, but does not count yet: it will when the learner goes on, which may wait for a person's episode"

AGAIN = "a robot obeys it, so a person says it each time: add --once"


class Pending(Refusal):
    """A message was asked for, and was not refused, but is not admitted yet."""

    exit_code = 1


def published(run_dir: Path) -> list[list[Any]]:
    """Rollout, topic and fields of all that people published."""
    return [row for path in _lists(run_dir) for row in _rows(path, _whole(path))]


def _lists(run_dir: Path) -> list[Path]:
    return sorted(run_dir.glob(STEERED.format("*")))


def _whole(path: Path, start: int = 0) -> bytes:
    """The whole lines of a file from this byte on: the last one may be amid being written."""
    with path.open("rb") as file:
        file.seek(start)
        read = file.read()
    return read[: read.rfind(b"\n") + 1]


def _rows(path: Path, lines: bytes) -> list[list[Any]]:
    try:
        rows = [json.loads(line) for line in lines.splitlines()]
        return [[row["rollout"], row["topic"], row["fields"]] for row in rows]
    except (ValueError, LookupError, TypeError) as error:
        raise Refusal([Problem(path, f"this file is damaged: {error}")]) from error


def admit(run: Running, topic: str, fields: dict[str, Any], seconds: float = ADMITTED_SECONDS) -> int:
    """Has a message published; returns the rollout for which it is. From then on no kill undoes it.

    Raises:
        Refusal: people may not say this.
        Pending: it was not admitted within so many seconds.
    """
    own = message_type(run.graph.messages[topic]).topic if topic in run.graph.messages else topic
    before = {path: len(_whole(path)) for path in _lists(run.run_dir)}
    control.ask(run.socket_dir, do="publish", topic=topic, fields=fields)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for path in _lists(run.run_dir):
            for rollout, *said in _rows(path, _whole(path, before.get(path, 0))):
                if said == [own, fields]:
                    return rollout
        time.sleep(LOOK_SECONDS)
    raise Pending([Problem(topic, PENDING)])


def publish(run: Running, topic: str, kind: str, values: str, hertz: float, once: bool) -> Iterator[str | None]:
    """Publishes a message of YAML `values`, once or `hertz` times a second until the run ends; a sentence for each.

    Raises:
        Refusal: the topic has another type, a robot would obey it again and again, or as `admit`.
    """
    runs.check_topics(run, [topic])
    if (its := run.graph.messages[topic]["title"]) != kind:
        raise Refusal([Problem(topic, f"has messages of type {its}, not {kind}")])
    if not once and any(topic in plan.takes for plan in run.graph.nodes if roles.acts_on_the_world(plan)):
        raise Refusal([Problem(topic, AGAIN)])
    fields = mapping(values, "values", "must be fields and their values, for example '{order: stop, reason: hot}'")
    due = time.monotonic()
    while True:
        yield f"{topic}: published for rollout {admit(run, topic, fields)}"
        if once:
            return
        due += 1 / hertz
        while (left := due - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_SECONDS))
            yield None


def mapping(text: str, where: str, what: str) -> dict[str, Any]:
    """The names and plain values that a YAML text has; `what` is said if it has none.

    Raises:
        Refusal: the text is no YAML as launch files are, or no mapping.
    """
    problems: list[Problem] = []
    item = parse(text, where, problems) if text.strip() else None
    found = plain(item) if item else None
    if problems or not isinstance(found, dict):
        raise Refusal(problems or [Problem(where, what)])
    return found
