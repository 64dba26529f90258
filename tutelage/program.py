"""A program, in any language, that is a node of a launch file. docs/wire.md says what it does.

    policy:
      run: [node, policy.mjs]
      hears: [Observation, Weights]
      says: [Action]

A message type is one of tutelage's own by its name, or `package.module:Class`, `path/to/file.py:Class`, or
`path/to/file.json:Title`, a file that `tutelage messages --json` could have printed.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from tutelage.foreign import message_type
from tutelage.input.loading import class_of
from tutelage.input.problems import did_you_mean
from tutelage.message import Message
from tutelage.node import Node


@lru_cache
def program_class(hears: tuple[str, ...], says: tuple[str, ...]) -> type[Node]:
    """The class of a program with these message types: it is ordered by logical time. Raises as `type_of` does."""
    heard, said = tuple(map(type_of, hears)), tuple(map(type_of, says))
    return type("Program", (Node,), {"hears": heard, "says": said})


@lru_cache
def type_of(name: str) -> type[Message]:
    """The message type of a name.

    Raises:
        LookupError: there is none; TypeError: it is no message type; ImportError: its module cannot be imported.
    """
    file, _, title = name.rpartition(":")
    if file.endswith(".json"):
        return _from_schemas(Path(file), title)
    kind = class_of(name if file else f"messages:{name}", Message)
    if kind is Message:
        raise LookupError(f"{name} stands for all messages: name the types that this program hears or says")
    return kind


def _from_schemas(file: Path, title: str) -> type[Message]:
    try:
        schemas = {one["title"]: one for one in json.loads(file.read_text()).values()}
        if title in schemas:
            return message_type(schemas[title])
    except OSError as error:
        raise LookupError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LookupError(f"{file} is not what `tutelage messages --json` prints: {error}") from error
    raise LookupError(f"{file} describes no {title}; {did_you_mean(title, schemas)}")
