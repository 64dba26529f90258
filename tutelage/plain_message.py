"""A message from plain values, as YAML and JSON have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tutelage.input.problems import Problem, Refusal, did_you_mean
from tutelage.message import Field, Message, build


def message_of(kind: type[Message], rollout: int, step: int, fields: Mapping[str, Any]) -> Message:
    """A message of this type: a list for an array, hexadecimal digits for bytes.

    Raises:
        Refusal: a field is missing, unknown, or does not fit.
    """
    own = {field.name: field for field in kind.declared if field.name not in Message.__annotations__}
    for name in fields.keys() - own.keys():
        raise Refusal([Problem(name, f"{kind.__name__} has no such field; {did_you_mean(str(name), own)}")])
    if missing := [f"{name} ({field.expected})" for name, field in own.items() if name not in fields]:
        raise Refusal([Problem(kind.__name__, f"these fields are missing: {', '.join(missing)}")])
    try:
        return build(kind, [rollout, step, *(_value(field, fields[name]) for name, field in own.items())])
    except (TypeError, ValueError, OverflowError) as error:
        raise Refusal([Problem(kind.__name__, f"the values do not fit: {error}")]) from error


def _value(field: Field, plain: Any) -> Any:
    if field.type is bytes and isinstance(plain, str):
        return bytes.fromhex(plain)
    if not field.dtypes:
        return plain
    found = np.asarray(plain)
    alike = [dtype for dtype in field.dtypes if dtype.kind == found.dtype.kind]
    return found.astype((alike or field.dtypes)[0], casting="same_kind" if found.size else "unsafe")
