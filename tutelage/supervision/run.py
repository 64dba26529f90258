"""Runs a graph in its folder: from the description at the start to the report at the end."""

from __future__ import annotations

import gc
import platform
import signal
import sys
import uuid
from importlib import metadata
from pathlib import Path
from typing import Any

from tutelage.files import checkpoint, durable
from tutelage.files.naming import file_name
from tutelage.graph import Graph, node_class
from tutelage.input.problems import Problem, Refusal, complain
from tutelage.launchfiles import resolved
from tutelage.node import parameters
from tutelage.supervision import described, local, roles, run_folder, signature, terminal
from tutelage.supervision.background import BackgroundWriter
from tutelage.supervision.liveness import age
from tutelage.supervision.machines.elsewhere import HERE, Elsewhere
from tutelage.supervision.outcome import Outcome
from tutelage.supervision.shutdown import KILL_SECONDS
from tutelage.supervision.supervisor import Supervisor

REPORT_SECONDS = 20.0
"""How long the disk has to write the report; less after an interrupt."""

DISTRIBUTIONS = ("tutelage", "gymnasium", "msgpack", "numpy", "pyzmq", "safetensors", "torch")


def inherit(graph: Graph, folder: Path) -> dict[str, str]:
    """Copies the files that nodes begin with, because the runs they come from may be deleted or replaced.

    A file of another kind, which an operator may be, keeps its name: that says what it is. Returns by the path of each
    copy what the user named.
    """
    named = {}
    for plan in graph.nodes:
        for parameter, file in node_class(plan.run).inherits.items() if plan.run else ():
            given = plan.parameters.get(parameter)
            source = Path(given) if given and Path(given).is_file() else Path(given or "") / file
            if given and source.is_file():
                kept = folder / "inherited" / f"{file_name(plan.name)}.{parameter}"
                name = file if source.suffix == Path(file).suffix else source.name
                durable.copy(source, kept / name)
                report = source.with_name("report.json")  # it contains the digest of the final weights
                if source.name == file and report.is_file():
                    durable.copy(report, kept / report.name)
                plan.parameters[parameter] = str(kept if name == file else kept / name)
                named[plan.parameters[parameter]] = str(given)
    return named


def describe(graph: Graph, folder: Path, name: str = "") -> str:
    """Writes the graph, its arguments and all versions before the run begins; returns the run's name.

    Once the last of these files, run.json, is there, the run can be resumed.
    """
    versions = {name: metadata.version(name) for name in DISTRIBUTIONS if _installed(name)}
    name = name or uuid.uuid4().hex[:12]
    about = {
        "run": name,
        "checkpoints": checkpoint.LAYOUT,
        "signature": signature.sign(name, graph),
        "algorithm": graph.name,
        "arguments": graph.arguments,
        "command": sys.argv,
        "versions": versions,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    durable.write(folder / "launch.yaml", resolved.resolved(graph).encode())
    described.write(graph, folder)
    durable.write(folder / "graph.json", graph.to_json().encode())
    durable.write_json(folder / "run.json", about)
    return name


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def run(
    graph: Graph, folder: Path, one_process: bool = False, resumed: bool = False, elsewhere: Elsewhere = HERE
) -> tuple[Outcome, dict[str, Any]]:
    """Runs a graph in its locked folder, from the start or from its checkpoints; returns its outcome and its report.

    `elsewhere` says how it meets other machines.
    """
    name = name_of(folder)
    load(graph)
    with terminal.kept():
        kept = {path.suffix for path in (folder / "checkpoints").iterdir()}
        if resumed and not kept & {".checkpoint", ".previous"}:
            _forget_recordings(graph, folder)
        outcome = local.run(graph, folder) if one_process else Supervisor(graph, folder, name, elsewhere).run()
        return outcome, report(graph, folder, outcome)


def _forget_recordings(graph: Graph, folder: Path) -> None:
    """Removes the recordings of a run without checkpoints, for example in one process: it begins again."""
    for plan in graph.nodes:
        if roles.records(plan):
            file = plan.parameters.get("file", parameters(node_class(plan.run))["file"].default)
            (folder / file).unlink(missing_ok=True)


def name_of(folder: Path) -> str:
    """The name of the run in a folder, which all its messages have.

    Raises:
        Refusal: run.json does not have it.
    """
    path = folder / "run.json"
    name = durable.read_json(path).get("run")
    if not isinstance(name, str):
        raise Refusal([Problem(path, "this file is damaged: it does not name its run")])
    return name


def check_layout(folder: Path) -> None:
    """Raises Refusal if another version of tutelage saved the checkpoints of the run in a folder."""
    if not checkpoint.of_this_layout(folder):
        what = "another version of tutelage made this run, whose checkpoints differ: resume it with that one"
        raise Refusal([Problem(folder, f"{what}, or use its weights in this one (tutelage evaluate, policy:=)")])


def load(graph: Graph) -> None:
    """Loads the modules of all nodes. Torch computes with one thread, so that sums are the same everywhere.

    They are never garbage: without `freeze` Python would search them for it at its exit, for a second.

    Raises:
        Refusal: one of them is missing here, or lacks what it needs.
    """
    for plan in graph.nodes:
        try:
            if plan.run:
                node_class(plan.run)
        except (LookupError, TypeError, ImportError) as error:
            what = f"this node cannot be loaded here: {error}; install or bring back what it needs"
            raise Refusal([Problem(plan.name, what)]) from error
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    gc.freeze()


def report(graph: Graph, folder: Path, outcome: Outcome) -> dict[str, Any]:
    """Adds what the run cost to the numbers that its nodes wrote, and writes report.json.

    Its `wall_seconds` begin with the command: Python, its packages and the launch file are in them.
    """
    learned = folder / "learned.json"
    numbers = durable.read_json(learned) if learned.exists() else {}
    whole = {
        "algorithm": graph.name,
        "environment": run_folder.environment(graph),
        "seed": graph.arguments.get("seed"),
        **numbers,
        "wall_seconds": round(age(), 3),
        "node_restarts": outcome.restarts,
        "node_silences": {name: round(seconds, 2) for name, seconds in outcome.silences.items()},
        "messages_lost": outcome.lost,
        "exit_code": outcome.exit_code,
        **({"failure": outcome.failure} if outcome.failure else {}),
        **({"interrupted": signal.Signals(outcome.signal).name} if outcome.signal else {}),
    }
    if outcome.refusal:
        return whole  # the run has not begun
    writer = BackgroundWriter()
    writer.write("report.json", lambda: durable.write_json(folder / "report.json", whole))
    if not writer.wait(lambda: REPORT_SECONDS if outcome.exit_code <= 128 else KILL_SECONDS):
        complain(f"report.json cannot be written yet: the disk of {folder} does not answer")
    if writer.failed:
        outcome.exit_code = 1
    return whole
