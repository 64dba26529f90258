"""YAML in which every value knows its place, and scalars are what they look like.

PyYAML follows YAML 1.1, where `1e-3` is a string, `on` is true and `010` is eight. Here, as in YAML 1.2, only true and
false are booleans, integers are decimal, and `1e-3` is a number. Values are plain data: tags, anchors and aliases are
refused, keys are text, and a duplicate key is a problem.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tutelage.input.problems import UNKNOWN, Location, Problem

_TAG = "tag:yaml.org,2002:"


def _whole(text: str) -> int | str:
    """An integer. It stays text if it has more than 64 bits, which no message or seed can hold."""
    number = int(text) if len(text) <= 21 else 2**64
    return number if -(2**63) <= number < 2**64 else text


class _Scalar(NamedTuple):
    pattern: re.Pattern[str]
    first: str
    value: Callable[[str], Any]


_SCALARS = {
    "null": _Scalar(re.compile(r"(?:~|null|Null|NULL|)\Z"), "~nN", lambda text: None),
    "bool": _Scalar(re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), "tTfF", lambda text: text.lower() == "true"),
    "int": _Scalar(re.compile(r"[-+]?[0-9]+\Z"), "-+0123456789", _whole),
    "float": _Scalar(
        re.compile(
            r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
        ),
        "-+.0123456789",
        lambda text: float(re.sub(r"\.(?=[in])", "", text.lower())),
    ),
}

_HINTS = {
    "mapping values are not allowed here": "put text that has ': ' in it into quotes",
    "found character '\\t' that cannot start any token": "indent with spaces, not with tabs",
}


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None):  # a few bytes of aliases can stand for gigabytes
            raise yaml.composer.ComposerError(None, None, "anchors and aliases are not read", event.start_mark)
        return super().compose_node(parent, index)


class _Dumper(yaml.SafeDumper):
    yaml_implicit_resolvers = {}

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _name, _scalar in _SCALARS.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_TAG + _name, _scalar.pattern, [*_scalar.first, ""])


@dataclass(frozen=True)
class Item:
    """A value with its place: None, bool, int, float, str, list[Item] or dict[str, Item].

    `key` is the place of its key, if it is in a mapping.
    """

    value: Any
    place: Location
    key: Location | None = None


def plain(item: Item) -> Any:
    """The value without places."""
    if isinstance(item.value, dict):
        return {key: plain(inner) for key, inner in item.value.items()}
    if isinstance(item.value, list):
        return [plain(inner) for inner in item.value]
    return item.value


def marked(value: Any, place: Location, key: Location | None = None) -> Item:
    """Plain data from elsewhere, as if it were written at this place."""
    if isinstance(value, dict):
        return Item({name: marked(inner, place, place) for name, inner in value.items()}, place, key)
    if isinstance(value, list):
        return Item([marked(inner, place) for inner in value], place, key)
    return Item(value, place, key)


def read(path: Path, problems: list[Problem]) -> Item | None:
    """The content of a YAML file; None, with a new problem, if it cannot be read."""
    try:
        text = path.read_bytes()
    except OSError as error:
        problems.append(Problem(shown(path), f"this file cannot be read: {error.strerror}", hides=True))
        return None
    return parse(text, shown(path), problems)


def parse(text: str | bytes, file: str, problems: list[Problem]) -> Item | None:
    """The content of a YAML text; None, with a new problem, if it cannot be read."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        problems.append(_syntax(error, file))
        return None
    if node is None:
        problems.append(Problem(Location(file, 1, 1), "this file is empty", hides=True))
        return None
    return _item(node, file, problems)


def scalar(text: str) -> Any:
    """The value of a word in YAML: None, a bool, an int, a float, or the word itself."""
    for kind in _SCALARS.values():
        if kind.pattern.match(text):
            return kind.value(text)
    return text


def dump(value: Any) -> str:
    """Plain data as YAML, which `read` reads back unchanged."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def shown(path: Path) -> str:
    """A path for people: relative if it is in the current folder."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _place(file: str, mark: Any) -> Location:
    return Location(file, mark.line + 1, mark.column + 1) if mark else Location(file, 1, 1)


def _syntax(error: Exception, file: str) -> Problem:
    what = getattr(error, "problem", None) or "it is nested too deeply, or not UTF-8"
    hint = _HINTS.get(what) or getattr(error, "context", None)
    said = f"this YAML cannot be read: {what}" + (f" ({hint})" if hint else "")
    return Problem(_place(file, getattr(error, "problem_mark", None)), said, hides=True)


def _item(node: yaml.Node, file: str, problems: list[Problem], key: Location | None = None) -> Item:
    place = _place(file, node.start_mark)
    kind = node.tag.removeprefix(_TAG)
    if isinstance(node, yaml.MappingNode) and kind == "map":
        return Item(_mapping(node, file, problems), place, key)
    if isinstance(node, yaml.SequenceNode) and kind == "seq":
        return Item([_item(inner, file, problems) for inner in node.value], place, key)
    if isinstance(node, yaml.ScalarNode) and kind in _SCALARS and _SCALARS[kind].pattern.match(node.value):
        value = _SCALARS[kind].value(node.value)
        if kind != "int" or isinstance(value, int):
            return Item(value, place, key)
        problems.append(Problem(place, "this integer has more than 64 bits: write a smaller one", hides=True))
        return Item(UNKNOWN, place, key)
    if kind == "str":
        return Item(node.value, place, key)
    problems.append(Problem(place, f"the tag '{node.tag}' is not read here: write a plain value", hides=True))
    return Item(UNKNOWN, place, key)


def _mapping(node: yaml.MappingNode, file: str, problems: list[Problem]) -> dict[str, Item]:
    items: dict[str, Item] = {}
    for key, value in node.value:
        place, name = _place(file, key.start_mark), key.value
        if not isinstance(name, str):
            problems.append(Problem(place, "a key must be a word", hides=True))
        elif name in items:
            first = items[name].key
            problems.append(
                Problem(
                    place,
                    f"the key '{name}' is duplicated: keep this one or that of line {first.line if first else '?'}",
                )
            )
        else:
            items[name] = _item(value, file, problems, place)
    return items
