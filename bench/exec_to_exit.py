"""Where the time of a whole command goes, from exec to exit: medians over runs of a launch file.

    python bench/exec_to_exit.py [--runs 4] [gail.yaml budget:=16384 ...]

The phases are read from the times of the files that a run leaves, so nothing is measured while it runs. Processor
seconds are those of all processes together; unlike the others they hardly depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

CLI = Path(__file__).parents[1] / "cli.py"


def phases(folder: Path, words: list[str]) -> dict[str, float]:
    """One run: the seconds of each phase, of all of them, and on processors."""
    before = _processor_seconds()
    began = time.time()
    subprocess.run(
        [sys.executable, str(CLI), "launch", *words, "--run-dir", str(folder)], check=True, stdout=subprocess.DEVNULL
    )
    ended = time.time()
    report = json.loads((folder / "report.json").read_text())
    learned, evaluated, reported = (
        _written(folder / name) for name in ("weights.safetensors", "learned.json", "report.json")
    )
    moments = {
        "Python, packages, launch file": _written(folder / "run.json"),
        "processes, meetings, first rollout's first message": learned - report["seconds_learning"],
        "learning": learned,
        "final evaluation": evaluated,
        "processes end, report": reported,
        "exit": ended,
    }
    ends = list(moments.values())
    parts = {name: end - start for name, start, end in zip(moments, [began, *ends], ends, strict=False)}
    return {**parts, "exec to exit": ended - began, "report's wall_seconds": report["wall_seconds"],
            "processor seconds": _processor_seconds() - before}  # fmt: skip


def _written(path: Path) -> float:
    return path.stat().st_mtime


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=4)
    options, words = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        found = [phases(Path(folder) / str(i), words or ["gail.yaml"]) for i in range(options.runs)]
    for name in found[0]:
        print(f"{name:52} {median(one[name] for one in found):6.2f} s")


if __name__ == "__main__":
    main()
