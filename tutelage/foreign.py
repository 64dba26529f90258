"""Message types made from their schemas, for observers and readers of recordings that lack the nodes' code."""

from __future__ import annotations

from functools import reduce
from operator import or_
from types import new_class
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tutelage.message import Message

_TYPES: dict[str, type] = {
    "boolean": bool,
    "integer": int,
    "number": float,
    "string": str,
    "array": list,
    "object": dict,
}


def message_type(schema: dict[str, Any]) -> type[Message]:
    """A message type with the fields, dtypes, shapes, units and cadence that `message.schema` describes.

    Raises:
        ValueError: the schema describes no message type.
    """
    try:
        return _made(schema)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no message type is described by {schema!r}"[:200]) from error


def _made(schema: dict[str, Any]) -> type[Message]:
    own = {name: field for name, field in schema["properties"].items() if name not in Message.__annotations__}
    if taken := [name for name in own if hasattr(Message, name) or name.startswith("_")]:
        raise ValueError(f"a field cannot be called {taken[0]}")
    body = {"__annotations__": {name: _hint(field) for name, field in own.items()}, "__doc__": schema["description"]}
    made: type[Message] = new_class(
        schema["title"],
        (Message,),
        {"cadence": schema["cadence"]},
        lambda space: space.update(body, __module__=__name__),
    )
    return made


def _hint(field: dict[str, Any]) -> Any:
    """The annotation of a field."""
    unit = field.get("unit", "")
    if "dtype" in field:
        arrays = [NDArray[np.dtype(name).type] for name in field["dtype"]]  # type: ignore[misc]
        return Annotated[reduce(or_, arrays), " ".join(field["shape"]), unit]
    if "enum" in field:
        return Literal[tuple(field["enum"])]
    kind: Any = bytes if "contentEncoding" in field else _TYPES[field["type"]]
    of = field.get("items") or field.get("additionalProperties")
    if of:
        elements = _TYPES[of["type"]]
        kind = list[elements] if kind is list else dict[str, elements]  # type: ignore[valid-type]
    return Annotated[kind, unit] if unit else kind
