"""Numbers of other languages. JavaScript, for example, writes 9.0 as an integer, and 2**62 as a float."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def exact(value: Any, kind: type, elements: Sequence[type] = ()) -> Any:
    """A value with its numbers as this type, where they stay the same numbers.

    Args:
        kind, elements: the type; of a list that of its elements, of a dict those of its keys and values.
    """
    if elements and type(value) is kind is list:
        return [exact(one, elements[0]) for one in value]
    if elements and type(value) is kind is dict:
        return {name: exact(one, elements[1]) for name, one in value.items()}
    if kind is float and type(value) is int and int(float(value)) == value:
        return float(value)
    if kind is int and type(value) is float and value.is_integer():
        return int(value)
    return value
