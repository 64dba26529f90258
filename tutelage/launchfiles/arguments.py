"""The arguments of a launch file, which may be set when it is launched or included.

    seed: {default: 0, help: all randomness follows from it}
    operator: {default: scripted, choices: [scripted, keyboard]}
    lag: {default: 1, least: 0}
    robot: {default: null, type: file, help: description of the robot}

An argument without a default must be given. Its type is stated, or follows from the default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tutelage.input.problems import UNKNOWN, LaunchError, Location, Problem, did_you_mean
from tutelage.input.types import checked, describe, fits, found, keys, text
from tutelage.input.yaml_marks import Item, parse, plain, scalar
from tutelage.launchfiles.search import find, find_folder, find_path, place
from tutelage.launchfiles.substitution import fill, of_file

TYPES = {
    **{"bool": bool, "int": int, "float": float, "str": str, "list": list, "dict": dict},
    **{"file": str, "folder": str, "path": str, "place": str, "any": Any},
}

DECLARATION = {
    "default": Any,
    "help": str,
    "group": str,
    "choices": list,
    "least": float,
    "from": dict[str, str],
    "settings": str,
    "type": Literal["bool", "int", "float", "str", "list", "dict", "file", "folder", "path", "place", "any"],
}

_FINDERS: dict[str, Callable[[str, Path | None], Path | str]] = {
    **{"file": find, "folder": find_folder, "path": find_path, "place": place}
}

_TAKEN = {"env", "dirname", "process", "index"}


@dataclass
class Argument:
    """One argument as declared, and its value. If it is `required`, `default` means nothing.

    Attributes:
        group: the title under which `--args` lists it.
        sources: functions by the names of arguments that it may follow from (sources.py).
        follows: the one that its value follows from.
        settings: the dataclass, `module:Class`, of the settings that it takes by name.
    """

    name: str
    type: str
    help: str = ""
    choices: list[Any] | None = None
    least: float | None = None
    default: Any = None
    required: bool = False
    group: str = ""
    sources: dict[str, str] = field(default_factory=dict)
    follows: str = ""
    settings: str = ""
    value: Any = UNKNOWN


class Given(NamedTuple):
    """A value that is given to an argument, and where. Text from the command line is not parsed yet."""

    value: Any
    where: object
    beside: Path | None = None
    is_text: bool = False


def from_command_line(words: Iterable[str]) -> dict[str, str]:
    """The values that `name:=value name:=value` sets.

    Raises:
        LaunchError: a word sets nothing, or a name is set twice.
    """
    values: dict[str, str] = {}
    problems = []
    for word in words:
        name, sign, value = word.partition(":=")
        if not sign or not name:
            problems.append(Problem(word, "this sets nothing: write name:=value"))
        elif name in values:
            problems.append(Problem(word, f"'{name}' is set twice: keep one of the two"))
        values[name] = value
    if problems:
        raise LaunchError(problems)
    return values


def by_name(arguments: Item) -> Item:
    """An include's arguments as a mapping. In a list, a name stands for the argument of the same name."""
    if isinstance(arguments.value, dict):
        return arguments
    named: dict[str, Item] = {}
    for one in arguments.value:
        mapping = one.value if isinstance(one.value, dict) else {one.value: replace(one, value=f"$({one.value})")}
        named.update({name: replace(item, key=item.key or item.place) for name, item in mapping.items()})
    return replace(arguments, value=named)


def declare(item: Item, file: Path, given: Mapping[str, Given], problems: list[Problem]) -> dict[str, Argument]:
    """The arguments that a launch file declares, with their values; `item` is its `arguments`."""
    arguments: dict[str, Argument] = {}
    names: dict[str, Any] = of_file(file)
    if not isinstance(item.value, dict):
        keys(item, {}, "arguments", problems)
        return {}
    for name, inner in item.value.items():
        argument = _declared(name, fill(inner, names, problems), file, problems)
        if isinstance(inner.value, dict):
            argument.value = _settled(argument, given.get(name), inner.key or inner.place, problems)
        arguments[name], names[name] = argument, argument.value
    return arguments


def refuse_unknown(
    arguments: Mapping[str, Argument], given: Mapping[str, Given], file: str, problems: list[Problem]
) -> None:
    """A problem for each value that is given to an unknown argument."""
    for name, value in given.items():
        if name not in arguments:
            what = f"{file} has no argument '{name}'; {did_you_mean(name, arguments)}"
            problems.append(Problem(value.where, what, hides=True))


def _declared(name: str, item: Item, file: Path, problems: list[Problem]) -> Argument:
    what = f"argument '{name}'"
    if name in _TAKEN - {"env"} or not name.isidentifier():
        problems.append(
            Problem(
                item.key,
                f"{what} cannot have this name: use letters, digits and _, and none of dirname, process, index",
                hides=True,
            )
        )
    items = keys(item, DECLARATION, what, problems)
    parts = checked(items, DECLARATION, what, problems)
    default = plain(items["default"]) if "default" in items else None
    kind = parts.get("type") or ("any" if default in (None, UNKNOWN) else type(default).__name__)
    stated = parts.get("help", ""), parts.get("choices"), parts.get("least")
    argument = Argument(name, kind, *stated, default, "default" not in items, parts.get("group", ""))
    argument.sources, argument.settings = parts.get("from", {}), parts.get("settings", "")
    if default is not None and not argument.required:
        argument.default = _taken(argument, Given(default, items["default"].place, file.parent), problems)
    return argument


def _settled(argument: Argument, given: Given | None, place: Location, problems: list[Problem]) -> Any:
    """The argument's value: the given one, or its default."""
    if given:
        return _taken(argument, given, problems)
    if not argument.required:
        return argument.default
    what = f"argument '{argument.name}' must be given: add {argument.name}:=... to the command, or a default here"
    problems.append(Problem(place, what, hides=True))
    return UNKNOWN


def _taken(argument: Argument, given: Given, problems: list[Problem]) -> Any:
    value = _from_text(given.value, argument.type) if given.is_text else given.value
    if argument.type == "int" and isinstance(value, float) and value.is_integer():  # budget:=1e5
        value = int(value)
    must = None
    if value is None and argument.default is None and not argument.required:
        return None
    if not fits(value, TYPES[argument.type]):
        must = describe(TYPES[argument.type])
    elif argument.choices is not None and value is not UNKNOWN and value not in argument.choices:
        must = "one of " + ", ".join(map(text, argument.choices))
    elif argument.least is not None and type(value) in (int, float) and not value >= argument.least:
        must = f"at least {argument.least:g}"
    if must:
        what = f"argument '{argument.name}' must be {must}, but is {found(value)}"
        problems.append(Problem(given.where, what, hides=True))
        return UNKNOWN
    return _finished(value, argument.type, given, problems)


def _finished(value: Any, kind: str, given: Given, problems: list[Problem]) -> Any:
    """Makes a float of an int, and a full path of the name of a file or folder, or of a place if it is there."""
    if value is UNKNOWN or kind not in ("float", *_FINDERS):
        return value
    if kind == "float":
        return float(value)
    try:
        return str(_FINDERS[kind](value, given.beside))
    except LaunchError as error:
        problems.append(Problem(given.where, str(error), hides=True))
        return UNKNOWN


def _from_text(word: str, kind: str) -> Any:
    """The value of a word of the command line for an argument of this type."""
    if kind == "str":
        return word
    if kind in _FINDERS:
        return scalar(word) if scalar(word) is None else word
    if word[:1] in ("[", "{"):
        unread: list[Problem] = []
        item = parse(word, word, unread)
        return plain(item) if item and not unread else word
    return scalar(word)
