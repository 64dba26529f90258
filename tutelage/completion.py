"""What a shell offers at the Tab key: launch files and their arguments, runs, and what a running graph has.

Functions here are click's `shell_complete`: (context, parameter, the incomplete word) to the words that fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from click import Context, Parameter
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from tutelage.launchfiles.arguments import Argument
    from tutelage.supervision.registry import Running

Items = list[CompletionItem[str]]


def launch_files(context: Context, parameter: Parameter, word: str) -> Items:
    """Our launch files, and those below the current folder; `budget:=` if a run is resumed."""
    from tutelage.launchfiles.search import LAUNCH_FOLDER

    if context.params.get("resume"):
        return _fitting(["budget:="], word)
    return _fitting([*_names(LAUNCH_FOLDER), *_paths(word, ".yaml")], word)


def robots(context: Context, parameter: Parameter, word: str) -> Items:
    """The robots' files of ours, and files below the current folder."""
    return _fitting([*_robots(), *_paths(word, ".yaml")], word)


def arguments(context: Context, parameter: Parameter, word: str) -> Items:
    """`name:=` of the arguments of the chosen launch file that are not set yet, or the values that one may have."""
    from tutelage.input.problems import Refusal
    from tutelage.launchfiles import launchfile
    from tutelage.launchfiles.search import find

    with suppress(Refusal):  # there is no place for a sentence: the command says it when it is run
        declared = launchfile.arguments(find(context.params["file"] or "")).arguments
        name, sign, value = word.partition(":=")
        if sign:
            values = _values(declared[name], value) if name in declared else ()
            return _fitting((f"{name}:={one}" for one in values), word)
        taken = {one.partition(":=")[0] for one in context.params.get("arguments") or ()}
        return [
            CompletionItem(f"{one.name}:=", help=one.help)
            for one in declared.values()
            if one.name.startswith(word) and one.name not in taken
        ]
    return []


def _values(argument: Argument, word: str) -> Iterator[str]:
    if argument.choices:
        yield from map(str, argument.choices)
    elif argument.type == "bool":
        yield from ("true", "false")
    elif argument.type in ("file", "folder", "path", "place"):
        yield from _robots() if argument.name == "robot" else ()
        yield from _paths(word)


def finished_runs(context: Context, parameter: Parameter, word: str) -> Items:
    """The runs in `runs`, the newest first, and folders below the current one."""
    return _fitting([*_runs(), *_paths(word, "/")], word)


def running_runs(context: Context, parameter: Parameter, word: str) -> Items:
    """The names of the runs that are going on, the newest first."""
    return _fitting((run.run_dir.name for run in reversed(_going())), word)


def nodes(context: Context, parameter: Parameter, word: str) -> Items:
    """The nodes of the run that `--run` names, or of the newest that is going on."""
    return _fitting((plan.name for run in _meant(context) for plan in run.graph.nodes), word)


def parameters(context: Context, parameter: Parameter, word: str) -> Items:
    """The parameters that the launch file gives to the node that is named before."""
    plans = (plan for run in _meant(context) for plan in run.graph.nodes if plan.name == context.params.get("name"))
    return _fitting((name for plan in plans for name in plan.parameters), word)


def topics(context: Context, parameter: Parameter, word: str) -> Items:
    """The topics of the run that `--run` names, or of the newest that is going on."""
    return _fitting((topic for run in _meant(context) for topic in sorted(run.graph.messages)), word)


def message_types(context: Context, parameter: Parameter, word: str) -> Items:
    """The message types of the run that `--run` names, or of the newest that is going on."""
    return _fitting(sorted(one["title"] for run in _meant(context) for one in run.graph.messages.values()), word)


def _meant(context: Context) -> list[Running]:
    name = context.params.get("run")
    return [run for run in _going() if name in (None, run.run_dir.name) or Path(name).resolve() == run.run_dir][-1:]


def _going() -> list[Running]:
    from tutelage.input.problems import Refusal
    from tutelage.supervision import registry

    with suppress(Refusal):  # as above
        return registry.runs()
    return []


def _runs() -> list[str]:
    found = [path.parent for path in Path("runs").glob("*/graph.json")]
    return [str(run) for run in sorted(found, key=lambda run: run.stat().st_mtime, reverse=True)]


def _robots() -> list[str]:
    from tutelage.launchfiles.search import LAUNCH_FOLDER

    return _names(LAUNCH_FOLDER / "robots")


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.yaml"))


def _paths(word: str, ending: str = "") -> Iterator[str]:
    """The paths that begin with `word`; folders end in a slash, and others must have the ending."""
    head, slash, tail = word.rpartition("/")
    folder = Path(head + slash).expanduser()
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        name = path.name + "/" * path.is_dir()
        shown = name.startswith(tail) and (tail or not name.startswith("."))
        if shown and name.endswith((ending, "/")):
            yield head + slash + name


def _fitting(words: Iterator[str] | list[str], begin: str) -> Items:
    return [CompletionItem(word) for word in dict.fromkeys(words) if word.startswith(begin)]
