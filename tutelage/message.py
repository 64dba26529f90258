"""A message is an immutable object whose class states the dtype, symbolic shape and unit of each field.

    class Observation(Message, cadence="step"):
        \"\"\"simulator -> policy: the state of the world before the next action.\"\"\"
        observation: Annotated[NDArray[np.float32], "envs obs", "task's units"]

An array field is `Annotated[NDArray[dtype], shape, unit]`. The words of the shape are dimensions ("envs obs"); a last
word with a star ("envs *action") stands for any number of them. Other fields are bool, int, float, str, bytes,
`Literal` of strings, `list[str]` or `dict[str, float]`.

Every message has a logical time: `rollout`, and `step` in it. It contains what happened before that step. The class's
`cadence` says when the next message on the same topic can come. So a listener can merge several streams into one order
and waits for no more than it must:

    "step"      one a step        next: the following step
    "rollout"   one a rollout     next: the following rollout
    "free"      at any time       next: not before this one
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import namedtuple
from collections.abc import Sequence
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np

from tutelage.exactness import exact

Cadence = Literal["step", "rollout", "free"]

FOREVER = 2**62
"""A rollout that never comes."""


class Field(NamedTuple):
    """One field as its class declares it."""

    name: str
    type: type
    dtypes: tuple[np.dtype[Any], ...] = ()
    shape: tuple[str, ...] = ()
    unit: str = ""
    dimensions: int = 0
    more: bool = False
    elements: tuple[Any, ...] = ()
    """the type of a list's elements, or the types of a dict's keys and values"""
    words: tuple[str, ...] = ()
    """the strings that a Literal allows"""

    @property
    def expected(self) -> str:
        if self.words:
            return " or ".join(map(repr, self.words))
        if not self.dtypes:
            return self.type.__name__ + (
                f"[{', '.join(kind.__name__ for kind in self.elements)}]" if self.elements else ""
            )
        return f"{' or '.join(d.name for d in self.dtypes)} [{', '.join(self.shape)}]"

    def fits(self, value: Any) -> bool:
        """Whether a value has this field's type, dtype and number of dimensions."""
        if not self.dtypes:
            known = not self.words or value in self.words
            return type(value) is self.type and known and self._elements_fit(value)
        if type(value) is not np.ndarray or value.dtype not in self.dtypes:
            return False
        return value.ndim == self.dimensions or (self.more and value.ndim > self.dimensions)

    def _elements_fit(self, value: Any) -> bool:
        if not self.elements:
            return True
        columns = (value.keys(), value.values()) if self.type is dict else (value,)
        return all(type(one) is kind for kind, column in zip(self.elements, columns, strict=True) for one in column)


def _field(name: str, hint: Any) -> Field:
    if get_origin(hint) is Literal:
        return Field(name, str, words=get_args(hint))
    if get_origin(hint) is not Annotated:
        return Field(name, get_origin(hint) or hint, elements=get_args(hint))
    kind, *notes = get_args(hint)
    notes += [""] * (2 - len(notes))
    arrays = get_args(kind) if get_origin(kind) in (Union, type(int | str)) else (kind,)
    if get_origin(arrays[0]) is not np.ndarray:
        return Field(name, get_origin(kind) or kind, unit=notes[0], elements=get_args(kind))
    dtypes = tuple(np.dtype(get_args(get_args(array)[1])[0]) for array in arrays)
    shape = tuple(notes[0].split())
    more = bool(shape) and shape[-1].startswith("*")
    return Field(name, np.ndarray, dtypes, shape, notes[1], len(shape) - more, more)


@dataclass_transform(frozen_default=True, eq_default=False)
class _Declared(type):
    """Reads the fields of each subclass of Message once, and makes it a tuple of them, which is fastest to build."""

    def __new__(mcs, name: str, bases: tuple[type, ...], space: dict[str, Any], **options: Any) -> Any:
        made: Any = super().__new__(mcs, name, bases or (tuple,), {"__slots__": (), **space})
        made.cadence = options.get("cadence", "free")
        made.topic = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        hints = get_type_hints(made, include_extras=True).items()
        made.declared = tuple(_field(name, hint) for name, hint in hints if get_origin(hint) is not ClassVar)
        if bases != () and len(made.declared) == 2 and name != "Promise":
            raise TypeError(f"{name} declares no field of its own: a message with a time alone is a promise")
        made.types = [field.type for field in made.declared]
        made.nested = [
            (index, field) for index, field in enumerate(made.declared) if field.dtypes or field.elements or field.words
        ]
        named = namedtuple(name, [field.name for field in made.declared])  # type: ignore[misc]
        made.__new__, made.__repr__ = staticmethod(named.__new__), named.__repr__
        for field in made.declared:
            setattr(made, field.name, named.__dict__[field.name])
        return made


class Message(metaclass=_Declared):
    """Base of all messages. Its own two fields are the logical time (module docstring)."""

    declared: ClassVar[tuple[Field, ...]]
    cadence: ClassVar[Cadence]
    topic: ClassVar[str]
    types: ClassVar[list[type]]
    nested: ClassVar[list[tuple[int, Field]]]

    rollout: int
    step: int

    __eq__ = object.__eq__  # arrays compare by element
    __ne__ = object.__ne__
    __hash__ = object.__hash__

    def __deepcopy__(self, memo: Any) -> Message:
        """A message never changes, so it is its own copy."""
        return self


class Promise(Message):
    """any node -> its listeners: no more messages before this logical time. `rollout=FOREVER` is the end."""


def is_promise(found: Sequence[Any]) -> bool:
    """Whether these are the fields of a promise: no other message has only a logical time."""
    return len(found) == 2


def values(message: Message) -> tuple[Any, ...]:
    """A message's fields in declared order, checked.

    Raises:
        TypeError: a value does not fit: the message type, the field, what was expected and what was found.
    """
    found: Any = message
    check(type(message), found)
    return found


def build(kind: type[Message], found: Sequence[Any]) -> Message:
    """A message of this type, or a promise, from its fields in declared order; checked as in `values`.

    A number of the other type is taken if it is exact: not every language tells 9.0 from 9.
    """
    made: Any = Promise if is_promise(found) else kind
    try:
        check(made, found)
    except TypeError:
        if len(found) != len(made.declared):
            raise
        found = [exact(value, field.type, field.elements) for field, value in zip(made.declared, found, strict=True)]
        check(made, found)
    return tuple.__new__(made, found)


def check(kind: type[Message], found: Sequence[Any]) -> None:
    """Raises TypeError if the values do not fit the message type."""
    if list(map(type, found)) != kind.types:
        _refuse(kind, found)
    for index, field in kind.nested:
        if not field.fits(found[index]):
            _refuse(kind, found)


def _refuse(kind: type[Message], found: Sequence[Any]) -> None:
    if len(found) != len(kind.declared):
        raise TypeError(f"{kind.__name__}: expected {len(kind.declared)} fields, found {len(found)}")
    for field, value in zip(kind.declared, found, strict=True):
        if not field.fits(value):
            raise TypeError(f"{kind.__name__}.{field.name}: expected {field.expected}, found {_describe(value)}")


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype.name} {list(value.shape)}"
    return f"{type(value).__name__} {value!r}"[:60]


_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", bytes: "string", list: "array"}


def schema(kind: type[Message]) -> dict[str, Any]:
    """The JSON schema of a message type, with the dtype, shape and unit of arrays. Peers compare their fingerprints."""
    properties: dict[str, Any] = {}
    for field in kind.declared:
        if field.dtypes:
            dtypes = [dtype.name for dtype in field.dtypes]
            properties[field.name] = {"type": "array", "dtype": dtypes, "shape": list(field.shape)}
        else:
            properties[field.name] = {"type": _JSON_TYPES.get(field.type, "object")}
        if field.elements:  # a dict's keys are strings
            of = "items" if field.type is list else "additionalProperties"
            properties[field.name][of] = {"type": _JSON_TYPES[field.elements[-1]]}
        if field.type is bytes:
            properties[field.name]["contentEncoding"] = "binary"
        if field.words:
            properties[field.name]["enum"] = list(field.words)
        if field.unit:
            properties[field.name]["unit"] = field.unit
    return {
        "title": kind.__name__,
        "type": "object",
        "cadence": kind.cadence,
        "description": " ".join((kind.__doc__ or "").split()),
        "properties": properties,
        "required": [f.name for f in kind.declared],
    }


def fingerprint(kind: type[Message]) -> str:
    """A hash of what two peers must agree on: names, types, dtypes, shapes and cadence, but not descriptions.

    The words of a Literal are left out, too: with a new word older recordings stay readable, and each message is
    checked on its own.
    """
    said = {**schema(kind), "description": ""}
    for field in said["properties"].values():
        field.pop("enum", None)
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
