"""What `cli.py launch` does: a launch file and arguments become a run, and the run a report on the screen."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tutelage import ending
from tutelage.graph import Graph
from tutelage.language import launchfile, resolved, wiring
from tutelage.language.arguments import from_command_line
from tutelage.language.checking import text
from tutelage.language.finding import find
from tutelage.problems import LaunchError, Problem
from tutelage.supervision import run
from tutelage.supervision.outcome import REFUSED


def graph(file: str, arguments: Sequence[str]) -> Graph:
    """The graph of a launch file.

    Raises:
        LaunchError: all that is wrong with the file and the arguments.
    """
    path = find(file)
    paths = [str(path.parent), str(Path.cwd())]
    sys.path += paths  # last: a user's own nodes and environments never hide ours
    read = launchfile.read(path, from_command_line(arguments))
    if any(problem.where in arguments for problem in read.problems):  # said before torch is loaded, which takes seconds
        raise LaunchError(read.problems)
    made = wiring.wire(read, path.stem)
    made.paths = paths
    return made


def arguments_text(file: str) -> str:
    """What can be set in a launch file, a line each."""
    read = launchfile.arguments(find(file))
    lines = [read.description, ""]
    width = max((len(name) for name in read.arguments), default=0)
    for name, argument in read.arguments.items():
        value = "(must be given)" if argument.required else f"(default: {text(argument.default)})"
        choices = f": one of {', '.join(map(str, argument.choices))}" if argument.choices else ""
        lines.append(f"  {name:{width}}:=  {argument.help}{choices} {value}")
    return "\n".join(lines)


def resolved_text(file: str, arguments: Sequence[str]) -> str:
    """The launch file as it would run, all arguments filled in; itself a launch file."""
    return resolved.resolved(graph(file, arguments))


def launch(file: str, arguments: Sequence[str], run_dir: str | None = None, one_process: bool = False) -> int:
    """Runs a launch file to its end; the exit code."""
    made = graph(file, arguments)
    if one_process:
        _need_no_process(file, made)
    return begin(made, run_dir, one_process)


def _need_no_process(file: str, made: Graph) -> None:
    """Raises a LaunchError where some nodes need processes of their own."""
    clocks, programs = made.by_the_clock(), [plan.name for plan in made.nodes if plan.command]
    if names := clocks or programs:
        what = "goes by the clock, which needs a process of its own" if clocks else "is a program of its own"
        raise LaunchError([Problem(file, f"{', '.join(names)} {what}: leave out --one-process")])


def begin(made: Graph, run_dir: str | None = None, one_process: bool = False) -> int:
    """Runs a graph in a new folder to its end; the exit code. A run that a node refuses leaves no trace of itself."""
    folder = run.folder_of(made, run_dir)
    found = set(folder.iterdir()) if folder.is_dir() else None
    try:
        run.prepare(folder)
        run.inherit(made, folder)
        run.describe(made, folder)
        (folder / "launch.yaml").write_text(resolved.resolved(made))
    except OSError as error:
        raise LaunchError([Problem(run_dir or "runs", f"the run's folder cannot be used: {error}")]) from error
    code = go(made, folder, one_process)
    if code == REFUSED:
        _leave_as_found(folder, found)
    return code


def _leave_as_found(folder: Path, found: set[Path] | None) -> None:
    """Nothing was done. What was in a folder that there was already stays, so that the corrected command can use it."""
    if found is None:
        shutil.rmtree(folder)
        return
    for path in set(folder.iterdir()) - found:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def resume(run_dir: str) -> int:
    """Goes on with a run that was cut off, from its checkpoints; the exit code."""
    folder = Path(run_dir).resolve()
    if not (folder / "graph.json").exists():
        raise LaunchError([Problem(run_dir, "there is no run here: name the folder of one")])
    report = folder / "report.json"
    code = json.loads(report.read_text())["exit_code"] if report.exists() else 1
    if code == 0 or code > 128:
        end = "was ended by Ctrl-C" if code else "has come to its end"
        raise LaunchError([Problem(run_dir, f"this run {end}: there is nothing to go on with")])
    made = Graph.from_json((folder / "graph.json").read_text())
    sys.path += made.paths
    if names := made.by_the_clock():
        what = (
            f"{', '.join(names)} acted on a world that has gone on since: start a new run, this one cannot be resumed"
        )
        raise LaunchError([Problem(run_dir, what)])
    return go(made, folder)


def go(made: Graph, folder: Path, one_process: bool = False) -> int:
    """Runs a graph in its folder and says how it ended; the exit code."""
    outcome, numbers = run.run(made, folder, one_process)
    if outcome.refusal:
        print(outcome.refusal, file=sys.stderr)
    else:
        print(ending.text(made, folder, outcome, numbers))
    return outcome.exit_code
