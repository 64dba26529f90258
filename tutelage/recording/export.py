"""Exports recordings for other tools: MCAP with JSON messages, for Foxglove, and numpy arrays."""

from __future__ import annotations

import json
import struct
from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import IO, Any

import numpy as np
from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter

from tutelage.input.problems import Problem, Refusal
from tutelage.message import Field, Message, is_promise
from tutelage.output import plain
from tutelage.recording.reader import Reader, Recorded


def export(recording: Path, target: Path) -> Reader:
    """Writes a recording in the format of the target's suffix; returns the reader, which knows the damages.

    Raises:
        Refusal: the suffix is unknown, the target exists, or its format cannot hold the messages.
    """
    write = {".mcap": _json_mcap, ".npz": _npz}.get(target.suffix)
    if write is None:
        raise Refusal([Problem(target, "its suffix must be .mcap (JSON) or .npz")])
    if target.exists():
        raise Refusal([Problem(target, "this file exists already: name another")])
    reader = Reader(recording)
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as file:
            write(reader, file)
        part.replace(target)
    except (ValueError, TypeError, LookupError, ArithmeticError, struct.error) as error:
        what = f"this recording cannot be written as {target.suffix}: {error}"
        raise Refusal([Problem(recording, what)]) from error
    finally:
        part.unlink(missing_ok=True)
    return reader


def _said(reader: Reader) -> Iterator[tuple[Recorded, Message]]:
    """All messages but promises, which only a node's inbox needs."""
    for recorded in reader:
        if not is_promise(recorded.open()[1]):
            yield recorded, recorded.build()


def _json_mcap(reader: Reader, target: IO[bytes]) -> None:
    """Writes MCAP with JSON messages and an index; times are those of the wall clock, as other tools expect."""
    channels: dict[tuple[str, str], int] = {}
    writer = McapWriter(target, compression=CompressionType.ZSTD)
    writer.start("", "tutelage")
    for recorded, message in _said(reader):
        stream = recorded.topic, recorded.sender
        if stream not in channels:
            described = json_schema(json.loads(recorded.schema_text), recorded.kind)
            schema = writer.register_schema(recorded.kind.__name__, "jsonschema", described)
            channels[stream] = writer.register_channel(recorded.topic, "json", schema, {"sender": recorded.sender})
        about = reader.about[-1] if reader.about else {"unix_ns": "0", "monotonic_ns": "0"}
        offset = int(about["unix_ns"]) - int(about["monotonic_ns"])
        number = recorded.open()[0].sequence & 0xFFFFFFFF
        writer.add_message(
            channels[stream], recorded.received + offset, as_json(message), recorded.captured + offset, number
        )
    writer.finish()  # type: ignore[no-untyped-call]


def as_json(message: Message) -> bytes:
    """A message's fields as JSON, with arrays as lists of lists."""
    fields = {field.name: plain(getattr(message, field.name), full=True) for field in message.declared}
    return json.dumps(fields, allow_nan=False).encode()


def json_schema(schema: dict[str, Any], kind: type[Message]) -> bytes:
    """The schema of what `as_json` returns for messages of this type, whose own schema is `schema`."""
    schema = deepcopy(schema)
    for field in kind.declared:
        if field.dtypes:
            schema["properties"][field.name]["items"] = _items(field)
    return json.dumps(schema).encode()


def _items(field: Field) -> dict[str, Any]:
    items: dict[str, Any] = {"type": "boolean" if field.dtypes[0] == np.bool_ else "number"}
    for _ in range(field.dimensions - 1):
        items = {"type": "array", "items": items}
    return items


def _npz(reader: Reader, target: IO[bytes]) -> None:
    """Writes an array for each sender/topic/field.

    It has a row for each message if all have one shape; otherwise they are concatenated, with their `.lengths`.
    """
    columns: dict[str, list[np.ndarray]] = defaultdict(list)
    for recorded, message in _said(reader):
        place = f"{recorded.sender}/{recorded.topic}"
        columns[f"{place}/received_ns"].append(np.asarray(recorded.received))
        columns[f"{place}/captured_ns"].append(np.asarray(recorded.captured))
        for field in message.declared:
            value = getattr(message, field.name)
            columns[f"{place}/{field.name}"].append(np.asarray(value if field.dtypes else _scalar(value)))
    arrays: dict[str, Any] = {}
    for name, values in columns.items():
        if len({value.shape for value in values}) == 1:
            arrays[name] = np.stack(values)
        else:
            arrays[name] = np.concatenate(values)
            arrays[f"{name}.lengths"] = np.array([len(value) for value in values])
    np.savez_compressed(target, **arrays)


def _scalar(value: Any) -> Any:
    """A value for numpy: JSON if numpy has no type for it."""
    return json.dumps(plain(value, full=True)) if isinstance(value, dict | list | bytes) else value
