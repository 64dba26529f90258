"""The door from Python: start a run, wait for it, take its results (docs/python.md).

run = tutelage.launch("gail.yaml", env="Pendulum-v1", seed=3)
print(run.report["return_mean"])
action = run.policy(observation)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.files import durable
from tutelage.graph import Graph
from tutelage.input.problems import Problem, Refusal
from tutelage.input.types import text
from tutelage.launched import Launched
from tutelage.launchfiles import launchfile
from tutelage.launchfiles.arguments import from_command_line
from tutelage.launchfiles.search import find as find_launch_file
from tutelage.recording.messages import read
from tutelage.supervision import run_folder
from tutelage.tasks.trained import TrainedPolicy, load

__all__ = ["Run", "launch", "load", "read", "resume"]


class Run:
    """A run by its folder: one that `launch` has started, or an earlier one.

    Attributes:
        dir: the run's folder.
    """

    def __init__(self, folder: str | Path, launched: Launched | None = None) -> None:
        self.dir, self._launched = Path(folder).resolve(), launched

    def wait(self) -> Run:
        """Shows the run's progress until it is over. Ctrl-C ends the run in good order: `resume` goes on with it.

        Raises:
            Refusal: the run cannot begin, or it failed; its sentence says why.
        """
        if self._launched:
            self._launched.wait()
        return self

    def stop(self) -> Run:
        """Ends the run in good order, as Ctrl-C does. `resume` goes on with it."""
        if self._launched:
            self._launched.stop()
        return self

    @property
    def report(self) -> dict[str, Any]:
        """The numbers of report.json, for example `return_mean`.

        Raises:
            Refusal: the run is not over.
        """
        path = self.dir / "report.json"
        if not path.exists():
            raise Refusal([Problem(self.dir, "there is no report here: a run writes it at its end")])
        return durable.read_json(path)

    @property
    def metrics(self) -> dict[str, np.ndarray]:
        """The rows of metrics.jsonl so far, as float64 [rows] by name; NaN where a row has no such number."""
        path = self.dir / "metrics.jsonl"
        whole = path.read_text().rpartition("\n")[0] if path.exists() else ""
        rows = [json.loads(line) for line in whole.splitlines()]
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: np.array([row.get(name) for row in rows], float) for name in names}

    @property
    def policy(self) -> TrainedPolicy:
        """The final policy. Raises as `load` does."""
        return load(self.dir)

    def __repr__(self) -> str:
        return f"Run({str(self.dir)!r})"


def launch(file: str | Path, /, *, wait: bool = True, run_dir: str | Path | None = None, **arguments: Any) -> Run:
    """Starts a launch file with these arguments, and waits for the end of the run.

    With `wait=False` this returns once the run has begun. The run goes on beside this program, and ends in good order
    when this program ends, even if that is killed.

    Raises:
        Refusal: the run cannot begin, or it failed; its sentence says why.
    """
    words = _words(arguments)
    folder = Path(run_dir).resolve() if run_dir else _new_folder(str(file), words)
    return Run(folder, Launched(folder, ["launch", str(file), *words, "--run-dir", str(folder)], wait))


def resume(run_dir: str | Path, /, *, wait: bool = True, trusted: bool = False, **arguments: Any) -> Run:
    """Goes on with a run that was interrupted; `budget=N` extends a finished one. Waits and raises as `launch` does.

    A run that another machine has made names code that this machine would run: say by `trusted=True` that it may.
    """
    folder = Path(run_dir).resolve()
    trust = ["--trust"] if trusted else []
    return Run(folder, Launched(folder, ["launch", "--resume", str(folder), *trust, *_words(arguments)], wait))


def _words(arguments: dict[str, Any]) -> list[str]:
    """Arguments as the command line takes them."""
    plain = {name: one.item() if isinstance(one, np.generic) else one for name, one in arguments.items()}
    return [
        f"{name}:={json.dumps(one) if isinstance(one, list | tuple | dict) else text(one)}"
        for name, one in plain.items()
    ]


def _new_folder(file: str, words: Sequence[str]) -> Path:
    """A new folder in `runs/`, named for the time, the launch file and the environment. Two runs never share one."""
    path = find_launch_file(file)
    read = launchfile.read(path, from_command_line(words))
    if read.problems:
        raise Refusal(read.problems)
    with run_folder.usable(None):
        return run_folder.new(Graph(path.stem, [], {name: one.value for name, one in read.arguments.items()}))
