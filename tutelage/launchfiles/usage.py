"""What can be set when a launch file is launched, as `launch FILE --args` shows it."""

from __future__ import annotations

import sys

from tutelage.input.problems import Problem, Refusal
from tutelage.input.types import text
from tutelage.launchfiles import declared, launchfile
from tutelage.launchfiles.arguments import Argument
from tutelage.launchfiles.search import find


def usage(file: str) -> str:
    """The description of a launch file, its arguments under the titles of their groups, and the settings they take."""
    path = find(file)
    sys.path.append(str(path.parent))  # a launch file may name settings of the user's own
    read = launchfile.arguments(path)
    width = max((len(name) for name in read.arguments), default=0)
    lines = [read.description]
    for group in dict.fromkeys(["", *(one.group for one in read.arguments.values())]):
        lines += ["", *([f"{group}:"] if group else [])]
        lines += [_line(one, width) for one in read.arguments.values() if one.group == group]
    for argument in read.arguments.values():
        lines += _settings(argument) if argument.settings else []
    return "\n".join(lines)


def _settings(argument: Argument) -> list[str]:
    """The settings that an argument takes, with their defaults and meanings."""
    try:
        found = declared.settings(argument.settings)
    except LookupError as error:
        raise Refusal([Problem(argument.name, f"its settings, {argument.settings}: {error.args[0]}")]) from error
    widths = max(len(one.name) for one in found), max(len(one.default) for one in found)
    lines = [f"  {one.name:{widths[0]}}  {one.default:>{widths[1]}}  {one.meaning}".rstrip() for one in found]
    return ["", f"{argument.name}:='{{name: value, ...}}', {argument.help.partition(',')[0]}:", *lines]


def _line(argument: Argument, width: int) -> str:
    value = "(must be given)" if argument.required else f"(default: {text(argument.default)}{_followed(argument)})"
    choices = f": one of {', '.join(map(str, argument.choices))}" if argument.choices else ""
    return f"  {argument.name:{width}}:=  {argument.help}{choices} {value}"


def _followed(argument: Argument) -> str:
    """From which arguments its value follows."""
    return f", or that of {', '.join(argument.sources)}" if argument.sources else ""
