"""What a process for each node gains: a launch file as a graph of processes, and in one process, in turns.

    python bench/overlap.py dac.yaml env:=HalfCheetah-v5 demonstrations:=HalfCheetah-v5.npz budget:=40960 episodes:=1

Prints the seconds of learning and steps a second of each, the gradient steps a second of an off-policy learner, and the
ratio of the medians. Both must end in the same digest of weights.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tutelage.learning.budget import ENVIRONMENTS, ROLLOUT_STEPS
from tutelage.learning.off_policy import FIRST_STEPS
from tutelage.learning.sac import Settings

WAYS = {"graph": (), "one process": ("--one-process",)}


def run(words: list[str], *more: str) -> dict[str, Any]:
    """The report of a run."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(ROOT / "cli.py"), "launch", *words, *more, "--run-dir", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        report: dict[str, Any] = json.loads((Path(folder) / "report.json").read_text())
        return report


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=3)
    options, words = parser.parse_known_args()
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    digests = set()
    for _ in range(options.turns):
        for way, more in WAYS.items():
            report = run(words, *more)
            seconds[way].append(report["seconds_learning"])
            digests.add(report["weights_digest"])
            updates = (report["environment_steps"] - FIRST_STEPS) / (ENVIRONMENTS * ROLLOUT_STEPS) * Settings().updates
            print(
                f"{way:12} {report['seconds_learning']:7.2f} s  {report['steps_per_second']:6} steps/s  "
                f"{updates / report['seconds_learning']:5.0f} gradient steps/s (off-policy)",
                flush=True,
            )
    ratio = median(seconds["one process"]) / median(seconds["graph"])
    print(f"the graph is {ratio:.2f} times as fast; {'one digest' if len(digests) == 1 else 'DIGESTS DIFFER'}")


if __name__ == "__main__":
    main()
