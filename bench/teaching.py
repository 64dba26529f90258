"""What is learned from poor, middling and good takes of CartPole: python bench/teaching.py [--seeds 3]

Three scripted operators show, who see less than they need and slip now and then. Prints a row for each operator, number
of takes and algorithm: the takes' mean return, and the mean of the greedy and of the sampled returns over seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import numpy as np

ROOT = Path(__file__).parents[1]
DRAWS = np.random.default_rng(0)


def operator(slips: float, damping: float) -> Callable[[np.ndarray], int]:
    """Pushes to where the pole leans, and with `damping` against its turning; a share `slips` of actions is random."""

    def law(observation: np.ndarray) -> int:
        if DRAWS.random() < slips:
            return int(DRAWS.integers(2))
        return int(observation[2] + damping * observation[3] > 0)

    return law


poor, middling, good = operator(0.5, 0.0), operator(0.5, 0.15), operator(0.35, 0.2)


def launched(folder: Path, *words: str) -> dict[str, float]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "cli.py"), "launch", *words, "--run-dir", str(folder)]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    report: dict[str, float] = json.loads((folder / "report.json").read_text())
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(parser.parse_args().seeds)
    print("| takes | number | algorithm | their return | greedy | sampled |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as kept:
        for name in ("poor", "middling", "good"):
            shown = Path(kept) / name
            launched(shown, "record.yaml", f"operator:=bench.teaching:{name}", "episodes:=10")
            for count in (3, 10):
                for algorithm in ("bc", "gail"):
                    told = (f"{algorithm}.yaml", f"demonstrations:={shown}", f"demonstrations_count:={count}")
                    runs = [launched(Path(kept) / f"{name}{count}{algorithm}{i}", *told, f"seed:={i}") for i in seeds]
                    theirs, greedy, sampled = (
                        fmean(run[key] for run in runs)
                        for key in ("expert_return_mean", "return_mean", "return_sampled_mean")
                    )
                    print(
                        f"| {name} | {count} | {algorithm} | {theirs:.0f} | {greedy:.0f} | {sampled:.0f} |", flush=True
                    )


if __name__ == "__main__":
    main()
