"""`tutelage launch`: runs a launch file with arguments, and prints a report."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from tutelage import extension
from tutelage import run_summary as ending
from tutelage.files import durable
from tutelage.graph import Graph
from tutelage.input.problems import Problem, Refusal, complain, printable
from tutelage.input.types import text
from tutelage.invocation import program
from tutelage.launchfiles import launchfile, resolved, wiring
from tutelage.launchfiles.arguments import from_command_line
from tutelage.launchfiles.entries import LaunchFile
from tutelage.launchfiles.search import find
from tutelage.recording.writer import about_run
from tutelage.supervision import run, run_folder, signature
from tutelage.supervision.machines.elsewhere import HERE, Elsewhere
from tutelage.supervision.outcome import REFUSED
from tutelage.supervision.signals import Interrupted, interruptible


def graph(file: str, arguments: Sequence[str]) -> Graph:
    """The graph of a launch file.

    Raises:
        Refusal: all problems of the file and the arguments.
    """
    return _graph(*_read(file, arguments), arguments)


def _read(file: str, arguments: Sequence[str]) -> tuple[LaunchFile, list[str]]:
    """A launch file, and the folders in which modules are looked for, which are on the path from now on."""
    path = find(file)
    before = len(sys.path)
    sys.path += [str(path.parent), str(Path.cwd())]  # at the end, so that a user's modules never hide ours
    read = launchfile.read(path, from_command_line(arguments))
    return read, list(dict.fromkeys(sys.path[before:]))  # also those of a run from which an argument follows


def _graph(read: LaunchFile, paths: list[str], arguments: Sequence[str]) -> Graph:
    """Raises as `graph` does."""
    if any(problem.where in arguments for problem in read.problems):  # before torch is loaded, which takes seconds
        raise Refusal(read.problems)
    made = wiring.wire(read, read.path.stem)
    made.paths = paths
    return made


def resolved_text(file: str, arguments: Sequence[str]) -> str:
    """The launch file with all arguments filled in, which is itself a launch file."""
    return resolved.resolved(graph(file, arguments))


def launch(
    file: str,
    arguments: Sequence[str],
    run_dir: str | None = None,
    one_process: bool = False,
    elsewhere: Elsewhere = HERE,
) -> int:
    """Runs a launch file to its end; returns the exit code. `elsewhere` says how it meets other machines."""
    read, paths = _read(file, arguments)
    made = _graph(read, paths, arguments)
    for one in read.arguments.values():
        if one.follows:
            source = read.arguments[one.follows]
            print(f"{one.name}:={text(one.value)}, from {source.name}:={text(source.value)}", flush=True)
    if one_process:
        _need_no_process(file, made)
    return begin(made, run_dir, one_process, elsewhere)


def _need_no_process(file: str, made: Graph) -> None:
    """Raises Refusal if a node needs a process of its own."""
    clocks, programs = made.by_the_clock(), made.programs()
    if names := clocks or programs:
        what = "acts by the clock, which needs a process of its own" if clocks else "is a program of its own"
        raise Refusal([Problem(file, f"{', '.join(names)} {what}: leave out --one-process")])


def begin(made: Graph, run_dir: str | None = None, one_process: bool = False, elsewhere: Elsewhere = HERE) -> int:
    """Runs a graph in a new folder to its end; returns the exit code. If a node refuses, the run leaves no trace."""
    with run_folder.usable(run_dir):
        folder, is_new = run_folder.claim(made, run_dir)
    with run_folder.locked(folder):
        found = set(folder.iterdir())
        try:
            with run_folder.usable(run_dir):
                run_folder.prepare(folder)
                inherited = run.inherit(made, folder)
                run.describe(made, folder)
        except Refusal:
            run_folder.leave(folder, found, is_new)
            raise
        code = go(made, folder, one_process, elsewhere=elsewhere, inherited=inherited)
        if code == REFUSED:
            run_folder.leave(folder, found, is_new)
    return code


def resume(run_dir: str, words: Sequence[str] = (), trusted: bool = False, elsewhere: Elsewhere = HERE) -> int:
    """Resumes an interrupted run, or with `budget:=N` extends a finished one; returns the exit code.

    Raises:
        Refusal: there is no such run, it is damaged, has finished or had a robot; or this machine did not make it and
            it is not `trusted`.
    """
    folder = Path(run_dir).resolve()
    Graph.of_run(folder)  # refuses a folder without a run
    if not (folder / "run.json").exists():
        what = f"this run had not begun when it was ended: start it by `{program()} launch {folder / 'launch.yaml'}`"
        raise Refusal([Problem(run_dir, what)])
    signature.check_graph(about_run(folder), run_dir, trusted)
    with run_folder.locked(folder):
        return _go_on(folder, run_dir, words, elsewhere)


def _go_on(folder: Path, run_dir: str, words: Sequence[str], elsewhere: Elsewhere) -> int:
    """Resumes or extends the run in a folder that is locked. Raises as `resume` does."""
    made = Graph.of_run(folder)
    extends = bool(words) or extension.begun(folder)
    if not extends and (why := _over(folder)):
        raise Refusal([Problem(run_dir, why)])
    run.check_layout(folder)
    sys.path += made.paths
    run.load(made)
    if names := made.by_the_clock():
        what = f"a run with {', '.join(names)} cannot be resumed, because the robot has moved on: start a new run"
        raise Refusal([Problem(run_dir, what)])
    if extends:
        extension.extend(made, folder, words)
    return go(made, folder, resumed=True, elsewhere=elsewhere)


def _over(folder: Path) -> str:
    """Why a run cannot be resumed, by its report; empty if it can.

    A damaged report is ignored: the run writes it again when it ends.
    """
    path = folder / "report.json"
    try:
        report = durable.read_json(path) if path.exists() else {"exit_code": 1}
    except Refusal as damage:
        complain(f"{damage}: it is written again")
        return ""
    finished = report.get("exit_code") == 0
    return "this run has finished: extend it by budget:=N, or start a new one" if finished else ""


def go(
    made: Graph,
    folder: Path,
    one_process: bool = False,
    resumed: bool = False,
    elsewhere: Elsewhere = HERE,
    inherited: Mapping[str, str] | None = None,
) -> int:
    """Runs a graph in its folder and prints how it ended; returns the exit code.

    `inherited` says what the user named, by the path of its copy in a new run's folder: a refusal names the former.
    """
    try:
        with interruptible():
            outcome, numbers = run.run(made, folder, one_process, resumed, elsewhere)
            said = _as_named(outcome.refusal, inherited or {}) or ending.text(made, folder, outcome, numbers)
    except Interrupted as interrupt:  # before its processes started or after they ended
        _say(f"{ending.interrupted(str(interrupt))}\nresume it: {program()} launch --resume {folder}", sys.stdout)
        return 128 + interrupt.number
    _say(said, sys.stderr if outcome.refusal else sys.stdout)
    return outcome.exit_code


def _as_named(refusal: str, inherited: Mapping[str, str]) -> str:
    for copy, named in inherited.items():
        refusal = refusal.replace(copy, named)
    return refusal


def _say(said: str, stream: TextIO) -> None:
    """Prints to the terminal. If it was closed, nothing is printed: report.json says it, too."""
    try:
        print(printable(said), file=stream, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # the rest of the buffer is flushed at exit
