"""Makes the reference recordings again, after a change of what nodes say that is meant: python -m tests.recordings.make"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import tests.conftest  # noqa: F401  its arithmetic, before numpy is loaded

FOLDER = Path(__file__).parent

RUNS = {
    "gail": ["budget:=48", "environments:=2", "rollout_steps:=8", "demonstrations_count:=1", "episodes:=1"],
    "bc": ["demonstrations_count:=2", "epochs:=2", "episodes:=1"],
    "ppo": ["budget:=48", "environments:=2", "rollout_steps:=8", "episodes:=1"],
}


def make(name: str, folder: Path) -> None:
    """Records a run; the paths of this machine are left out."""
    from tutelage import launcher as launching
    from tutelage.supervision import run, run_folder

    arguments = [*RUNS[name], "env:=CartPole-v1", "record:=true"]
    graph = launching.graph(f"{name}.yaml", arguments)
    graph.paths = []
    sys.argv = ["cli.py", "launch", f"{name}.yaml", *arguments]
    run_folder.prepare(folder)
    run.describe(graph, folder)
    outcome, _ = run.run(graph, folder)
    if outcome.exit_code:
        raise RuntimeError(f"{name} failed: {outcome}")
    shutil.copy(folder / "recording.mcap", FOLDER / f"{name}.mcap")


def main() -> None:
    os.environ["LOGNAME"] = "somebody"
    for name in RUNS:
        with tempfile.TemporaryDirectory() as folder:
            make(name, Path(folder))
        print(f"{name}: {(FOLDER / f'{name}.mcap').stat().st_size} bytes")


if __name__ == "__main__":
    main()
