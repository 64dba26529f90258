"""The `if` and `unless` of a node, group or include decide whether it counts.

if: $(robot)                   a value, true unless it is false, null, 0 or empty
if: {operator: keyboard}       true if all these arguments have these values
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tutelage.input.problems import UNKNOWN, Problem, did_you_mean
from tutelage.input.types import found, text
from tutelage.input.yaml_marks import Item, plain
from tutelage.launchfiles.entries import CONDITION, Scope
from tutelage.launchfiles.substitution import fill


def holds(items: Mapping[str, Item], scope: Scope, problems: list[Problem]) -> bool:
    """Whether the piece with these keys counts. It does not if its condition is unknown."""
    asked = {key: _truth(items[key], scope, problems) for key in CONDITION if key in items}
    return asked.get("if", True) is True and asked.get("unless", False) is False


def _truth(item: Item, scope: Scope, problems: list[Problem]) -> Any:
    filled = fill(item, scope.names, problems)
    if not isinstance(filled.value, dict):
        return filled.value if filled.value is UNKNOWN else bool(filled.value)
    equal = [_equal(name, value, scope, problems) for name, value in filled.value.items()]
    return UNKNOWN if UNKNOWN in equal else all(equal)


def _equal(name: str, item: Item, scope: Scope, problems: list[Problem]) -> Any:
    argument, value = scope.arguments.get(name), plain(item)
    if argument is None:
        what = f"there is no argument '{name}' to compare; {did_you_mean(name, scope.arguments)}"
        problems.append(Problem(item.key, what, hides=True))
    elif argument.choices and value is not UNKNOWN and value not in argument.choices:
        what = f"'{name}' is never {found(value)}; {did_you_mean(text(value), map(text, argument.choices))}"
        problems.append(Problem(item.place, what, hides=True))
    elif UNKNOWN not in (value, argument.value):
        return bool(value == argument.value)
    return UNKNOWN
