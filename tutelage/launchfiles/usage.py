"""What can be set when a launch file is launched, as `launch FILE --args` shows it."""

from __future__ import annotations

from tutelage.input.types import text
from tutelage.launchfiles import launchfile
from tutelage.launchfiles.arguments import Argument
from tutelage.launchfiles.search import find


def usage(file: str) -> str:
    """The description of a launch file and its arguments, a line each, under the titles of their groups."""
    read = launchfile.arguments(find(file))
    width = max((len(name) for name in read.arguments), default=0)
    lines = [read.description]
    for group in dict.fromkeys(["", *(one.group for one in read.arguments.values())]):
        lines += ["", *([f"{group}:"] if group else [])]
        lines += [_line(one, width) for one in read.arguments.values() if one.group == group]
    return "\n".join(lines)


def _line(argument: Argument, width: int) -> str:
    value = "(must be given)" if argument.required else f"(default: {text(argument.default)})"
    choices = f": one of {', '.join(map(str, argument.choices))}" if argument.choices else ""
    return f"  {argument.name:{width}}:=  {argument.help}{choices} {value}"
