"""What `cli.py launch` does: a launch file and arguments become a run, and the run a report on the screen."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tutelage.graph import Graph
from tutelage.language import launchfile, resolved, wiring
from tutelage.language.arguments import from_command_line
from tutelage.language.finding import find
from tutelage.problems import LaunchError, Problem
from tutelage.supervision import run
from tutelage.supervision.supervisor import Outcome

LAST_LINES = 20
"""Lines of its log that are shown of a node that could not be kept alive."""


def graph(file: str, arguments: Sequence[str]) -> Graph:
    """The graph of a launch file.

    Raises:
        LaunchError: all that is wrong with the file and the arguments.
    """
    path = find(file)
    paths = [str(path.parent), str(Path.cwd())]
    sys.path += paths  # last: a user's own nodes and environments never hide ours
    made = wiring.wire(launchfile.read(path, from_command_line(arguments)), path.stem)
    made.paths = paths
    return made


def arguments_text(file: str) -> str:
    """What can be set in a launch file, a line each."""
    read = launchfile.arguments(find(file))
    lines = [read.description, ""]
    width = max((len(name) for name in read.arguments), default=0)
    for name, argument in read.arguments.items():
        value = "(must be given)" if argument.required else f"(default: {argument.default})"
        choices = f" one of {', '.join(map(str, argument.choices))}" if argument.choices else ""
        lines.append(f"  {name:{width}}:=  {argument.help}{choices} {value}")
    return "\n".join(lines)


def resolved_text(file: str, arguments: Sequence[str]) -> str:
    """The launch file as it would run, all arguments filled in; itself a launch file."""
    return resolved.resolved(graph(file, arguments))


def launch(file: str, arguments: Sequence[str], run_dir: str | None = None, one_process: bool = False) -> int:
    """Runs a launch file to its end; the exit code."""
    made = graph(file, arguments)
    if one_process and (names := made.by_the_clock()):
        what = f"{', '.join(names)} goes by the clock, which needs a process of its own: leave out --one-process"
        raise LaunchError([Problem(file, what)])
    try:
        folder = run.new_folder(made, run_dir)
        run.describe(made, folder)
        (folder / "launch.yaml").write_text(resolved.resolved(made))
    except OSError as error:
        raise LaunchError([Problem(run_dir or "runs", f"the run's folder cannot be used: {error}")]) from error
    return go(made, folder, one_process)


def resume(run_dir: str) -> int:
    """Goes on with a run that was cut off, from its checkpoints; the exit code."""
    folder = Path(run_dir).resolve()
    if not (folder / "graph.json").exists():
        raise LaunchError([Problem(run_dir, "there is no run here: name the folder of one")])
    if (folder / "report.json").exists() and json.loads((folder / "report.json").read_text())["exit_code"] == 0:
        raise LaunchError([Problem(run_dir, "this run has come to its end: there is nothing to go on with")])
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
        print(ending(made, folder, outcome, numbers))
    return outcome.exit_code


def ending(made: Graph, folder: Path, outcome: Outcome, numbers: dict[str, Any]) -> str:
    """The short report at the end of a run."""
    lines = []
    if outcome.failed:
        log = folder / "logs" / f"{outcome.failed.replace('/', '.')}.log"
        why = "could not be kept alive"
        if outcome.failed in made.by_the_clock():
            why = "has ended, and is never started again by itself, for it acts on the world"
        lines += [f"{outcome.failed} {why}. Its last lines, from {log}:", *_last_lines(log)]
    if "return_mean" in numbers:
        lines.append(
            f"return {numbers['return_mean']:.1f} +- {numbers['return_std']:.1f} greedy, "
            f"{numbers['return_sampled_mean']:.1f} sampled, over {numbers['evaluation_episodes']} episodes each"
            + (f"; the expert's is {numbers['expert_return_mean']:.1f}" if "expert_return_mean" in numbers else "")
        )
    if numbers.get("environment_steps"):
        lines.append(
            f"{numbers['environment_steps']} steps in {numbers['seconds_learning']:.1f} s "
            f"({numbers['steps_per_second']} a second), {numbers['wall_seconds']:.1f} s in all"
        )
    if "deadlines_missed" in numbers:
        lines.append(
            f"{numbers['seconds_up']:.1f} s at {numbers['rate_mean']:.2f} Hz, longest interval "
            f"{1000 * numbers['interval_max']:.1f} ms, {numbers['deadlines_missed']} deadlines missed, "
            f"{numbers['commands_refused']} commands refused, {numbers['stops']} stops"
        )
    if numbers["node_restarts"]:
        lines.append("restarted: " + ", ".join(f"{name} {count}x" for name, count in numbers["node_restarts"].items()))
    if numbers["node_silences"]:
        lines.append("silent: " + ", ".join(f"{name} for {t:.1f} s" for name, t in numbers["node_silences"].items()))
    if numbers["messages_lost"]:
        lines.append(f"observers missed {numbers['messages_lost']} messages")
    return "\n".join([*lines, f"run folder: {folder}"])


def _last_lines(log: Path) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-LAST_LINES:] if log.exists() else []
