"""A run: its folder, from the resolved graph to the report."""

from __future__ import annotations

import contextlib
import fcntl
import platform
import shutil
import signal
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from tutelage.files import durable
from tutelage.graph import Graph, node_class
from tutelage.input.problems import Problem, Refusal, complain
from tutelage.launchfiles import resolved
from tutelage.node import parameters
from tutelage.supervision import local, roles, signature, terminal
from tutelage.supervision.apart import Writer
from tutelage.supervision.outcome import Outcome
from tutelage.supervision.parting import KILL_SECONDS
from tutelage.supervision.supervisor import Supervisor

LOCK_SECONDS = 5.0
"""How long a resumed run waits for the processes of its former life to leave."""

REPORT_SECONDS = 20.0
"""How long a disk has to take the report; less where people want the end."""

FREE_BYTES = 64 * 2**20
"""Disk space below which no run is begun."""

DISTRIBUTIONS = ("tutelage", "gymnasium", "msgpack", "numpy", "pyzmq", "safetensors", "torch")


def folder_of(graph: Graph, run_dir: str | None = None) -> Path:
    """The folder of a new run, `runs/<time>-<algorithm>-<environment>` unless it is named."""
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    name = environment(graph).replace(":", ".").replace("/", ".")
    return Path(run_dir or "runs/" + "-".join(filter(None, (stamp, graph.name, name)))).resolve()


def prepare(folder: Path) -> None:
    """Makes the folder of a new run.

    Raises:
        OSError: it cannot be made or written.
        FileExistsError: another run is in it.
    """
    if (folder / "run.json").exists():
        unfinished = "" if (folder / "report.json").exists() else f", or go on with it by --resume {folder}"
        raise FileExistsError(f"{folder} holds a run already: name another folder{unfinished}")
    for name in ("logs", "checkpoints"):
        durable.make_folder(folder / name)
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES:
        raise OSError(f"only {free // 2**20} MB are free there, {FREE_BYTES // 2**20} MB are needed: free some")


def environment(graph: Graph) -> str:
    """The name of a graph's environment, by its `env` argument."""
    env = graph.arguments.get("env", "")
    return str(env["id"] if isinstance(env, dict) else env)


def inherit(graph: Graph, folder: Path) -> None:
    """Copies what nodes begin with: the runs that it is of may be deleted, or replaced, before it is read again."""
    for plan in graph.nodes:
        for parameter, file in node_class(plan.run).inherits.items() if plan.run else ():
            given = plan.parameters.get(parameter)
            source = Path(given) if given and Path(given).is_file() else Path(given or "") / file
            if given and source.is_file():
                kept = folder / "inherited" / f"{plan.name.replace('/', '.')}.{parameter}"
                durable.copy(source, kept / file)
                if (report := source.with_name("report.json")).is_file():  # it has the digest of the weights
                    durable.copy(report, kept / report.name)
                plan.parameters[parameter] = str(kept)


def describe(graph: Graph, folder: Path) -> str:
    """Writes what the run is, before it begins: the graph, its arguments, the versions. Gives the run's name.

    With the last of these files, run.json, there is a run that can be resumed.
    """
    versions = {name: metadata.version(name) for name in DISTRIBUTIONS if _installed(name)}
    name = uuid.uuid4().hex[:12]
    about = {
        "run": name,
        "signature": signature.sign(name, graph),
        "algorithm": graph.name,
        "arguments": graph.arguments,
        "command": sys.argv,
        "versions": versions,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    durable.write(folder / "launch.yaml", resolved.resolved(graph).encode())
    durable.write(folder / "graph.json", graph.to_json().encode())
    durable.write_json(folder / "run.json", about)
    return name


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def run(graph: Graph, folder: Path, one_process: bool = False, resumed: bool = False) -> tuple[Outcome, dict[str, Any]]:
    """Runs a graph in its folder, from the start or from where its checkpoints are; its end and its report."""
    began = time.monotonic()
    name = _name(folder)
    load(graph)
    with _locked(folder), terminal.kept():
        kept = {path.suffix for path in (folder / "checkpoints").iterdir()}
        if resumed and not kept & {".checkpoint", ".previous"}:
            _forget_recordings(graph, folder)
        outcome = local.run(graph, folder) if one_process else Supervisor(graph, folder, name).run()
        return outcome, report(graph, folder, outcome, time.monotonic() - began)


def _forget_recordings(graph: Graph, folder: Path) -> None:
    """A run that kept no checkpoint (in one process none does) begins anew: all that was recorded is said again."""
    for plan in graph.nodes:
        if roles.records(plan):
            file = plan.parameters.get("file", parameters(node_class(plan.run))["file"].default)
            (folder / file).unlink(missing_ok=True)


def _name(folder: Path) -> str:
    """The name of the run in a folder, which all that it says bears.

    Raises:
        Refusal: run.json does not say.
    """
    path = folder / "run.json"
    name = durable.read_json(path).get("run")
    if not isinstance(name, str):
        raise Refusal([Problem(path, "this file is damaged, it does not name its run")])
    return name


def load(graph: Graph) -> None:
    """Loads all that the nodes need, once for all; torch computes with one thread, so that sums are the same."""
    for plan in graph.nodes:
        if plan.run:
            node_class(plan.run)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Holds the run's lock. Its processes inherit it, so a run is free when the last of them is gone.

    Raises:
        Refusal: the run is still going on, or its folder cannot be written.
    """
    try:
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise Refusal([Problem(folder, f"the run's folder cannot be written: {error}")]) from error
    with lock as file:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Refusal([Problem(folder, "this run is still going on: stop it first")]) from None
                time.sleep(0.05)
        yield


def report(graph: Graph, folder: Path, outcome: Outcome, wall_seconds: float) -> dict[str, Any]:
    """Completes what the nodes have learned with what it cost, and writes it as report.json."""
    learned = folder / "learned.json"
    numbers = durable.read_json(learned) if learned.exists() else {}
    whole = {
        "algorithm": graph.name,
        "environment": environment(graph),
        "seed": graph.arguments.get("seed"),
        **numbers,
        "wall_seconds": round(wall_seconds, 3),
        "node_restarts": outcome.restarts,
        "node_silences": {name: round(seconds, 2) for name, seconds in outcome.silences.items()},
        "messages_lost": outcome.lost,
        "exit_code": outcome.exit_code,
        **({"interrupted": signal.Signals(outcome.signal).name} if outcome.signal else {}),
    }
    if outcome.refusal:
        return whole  # nothing was done, and nothing is there to be written
    writer = Writer()
    writer.write("report.json", lambda: durable.write_json(folder / "report.json", whole))
    if not writer.wait(lambda: REPORT_SECONDS if outcome.exit_code <= 128 else KILL_SECONDS):
        complain(f"report.json cannot be written yet: the disk of {folder} does not answer")
    if writer.failed:
        outcome.exit_code = 1
    return whole
