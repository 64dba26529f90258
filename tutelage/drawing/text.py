"""Graphs and message types as text."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable

from tutelage.graph import Graph
from tutelage.input import loading
from tutelage.input.problems import Problem, Refusal, did_you_mean
from tutelage.message import Message, fingerprint, schema


def text(graph: Graph) -> str:
    """The topics of each node and their subscribers."""
    lines = [f"{graph.name} ({graph.time})"]
    for node in graph.nodes:
        lines += ["", f"{node.name}   {node.run or ' '.join(node.command)}"]
        for topic in node.says.values():
            hear = [other.name for other in graph.nodes if node.name in other.hears.get(topic, ())]
            lines.append(f"  {topic} -> {', '.join(hear) if hear else '(nobody)'}")
    return "\n".join(lines)


def message_types(module: str) -> list[type[Message]]:
    """The message types in a module, by name.

    Raises:
        Refusal: there is no such module, it cannot be imported, or it has none.
    """
    try:
        values = vars(loading.module(module)).values()
    except (LookupError, ImportError) as error:
        raise Refusal([Problem(module, f"{error}{_meant(module)}")]) from error
    kinds = [value for value in values if isinstance(value, type) and issubclass(value, Message) and value != Message]
    if not kinds:
        raise Refusal([Problem(module, "this module has no message types")])
    return sorted(kinds, key=lambda kind: kind.__name__)


def _meant(name: str) -> str:
    """A hint at the message type that was meant, if the name of a missing module could be one."""
    known = [kind.__name__ for kind in message_types("messages")] if name[:1].isupper() and name.isidentifier() else []
    return f", and no message type of this name; {did_you_mean(name, known)}" if known else ""


def messages(kinds: Iterable[type[Message]]) -> str:
    """Message types as documentation: their purpose and fields."""
    return "\n\n".join(_message(kind) for kind in kinds)


def _message(kind: type[Message]) -> str:
    width = max(len(field.name) for field in kind.declared)
    fields = [f"    {f.name:{width}}  {f.expected}{f'  ({f.unit})' if f.unit else ''}" for f in kind.declared]
    return "\n".join(
        [
            f"{kind.__name__}   topic {kind.topic}, cadence {kind.cadence}",
            "",
            *(f"  {line}".rstrip() for line in inspect.cleandoc(kind.__doc__ or "").splitlines()),
            "",
            *fields,
        ]
    )


def schemas(kinds: Iterable[type[Message]]) -> str:
    """Message types as JSON schema, by topic, with the fingerprints that two peers compare."""
    return json.dumps({kind.topic: {**schema(kind), "fingerprint": fingerprint(kind)} for kind in kinds}, indent=2)
