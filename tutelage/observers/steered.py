"""What people say to a running graph: it goes to the launcher, and is safe when the steering node has listed it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tutelage.files import durable
from tutelage.foreign import message_type
from tutelage.input.problems import Problem, Refusal
from tutelage.observers import runs
from tutelage.supervision import control
from tutelage.supervision.registry import Running

STEERED = "steered-{}.json"
"""In the run's folder, one of each steering node: rollout, topic and fields of what people published, newest last."""

ADMITTED_SECONDS, LOOK_SECONDS = 20.0, 0.05
"""How long a message may take to be admitted, two rollouts at most, and how often that is looked for."""


def published(run_dir: Path) -> list[list[Any]]:
    """Rollout, topic and fields of all that people published."""
    return [one for path in sorted(run_dir.glob(STEERED.format("*"))) for one in durable.read_json(path)["published"]]


def admit(run: Running, topic: str, fields: dict[str, Any]) -> int:
    """Has a message published; returns the rollout for which it is. From then on no kill undoes it.

    Raises:
        Refusal: people may not say this, or it was not admitted in time.
    """
    own = message_type(run.graph.messages[topic]).topic if topic in run.graph.messages else topic
    before = len(_rollouts(run.run_dir, own, fields))
    control.ask(run.socket_dir, do="publish", topic=topic, fields=fields)
    deadline = time.monotonic() + ADMITTED_SECONDS
    while time.monotonic() < deadline:
        rollouts = _rollouts(run.run_dir, own, fields)
        if len(rollouts) > before:
            return rollouts[-1]
        time.sleep(LOOK_SECONDS)
    what = f"was asked for, but not admitted within {ADMITTED_SECONDS:.0f} s; it may still come"
    raise Refusal([Problem(topic, what)])


def _rollouts(run_dir: Path, own: str, fields: dict[str, Any]) -> list[int]:
    """The rollouts for which exactly this was published."""
    return [rollout for rollout, topic, said in published(run_dir) if (topic, said) == (own, fields)]


def publish(run: Running, topic: str, kind: str, values: str, hertz: float, once: bool) -> Iterator[str | None]:
    """Publishes a message of YAML `values`, once or `hertz` times a second until the run ends; a sentence for each.

    Raises:
        Refusal: the topic has another type, or as `admit`.
    """
    runs.check_topics(run, [topic])
    if (its := run.graph.messages[topic]["title"]) != kind:
        raise Refusal([Problem(topic, f"has messages of type {its}, not {kind}")])
    fields = _fields(values)
    due = time.monotonic()
    while True:
        yield f"{topic}: published for rollout {admit(run, topic, fields)}"
        if once:
            return
        due += 1 / hertz
        while (left := due - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_SECONDS))
            yield None


def _fields(values: str) -> dict[str, Any]:
    try:
        fields = yaml.safe_load(values)
    except yaml.YAMLError as error:
        raise Refusal([Problem("values", f"this is no YAML: {error}")]) from error
    if not isinstance(fields, dict):
        raise Refusal([Problem("values", "must be fields and their values, for example '{order: stop, reason: hot}'")])
    return fields
