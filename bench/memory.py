"""What a stopped observer costs: python bench/memory.py [--seconds 60]

GAIL on CartPole with each node stopped that nobody waits for: by how much the others' memory grew and how many
steps were learned from, beside a run in which nobody is stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SAMPLE_SECONDS = 10.0

WARM_STEPS = 600_000
"""Then the discriminator's memory of past pairs is full, 65,536 pairs, 256 of a rollout of 2,048 steps."""


def floor(pids: dict[str, int]) -> dict[str, float]:
    """The least memory of each process in SAMPLE_SECONDS [MB]: what it takes for a moment, to compute, does not count.

    Pages that it shares with the launcher until it first writes to them are counted from the start.
    """
    least = dict.fromkeys(pids, float("inf"))
    until = time.monotonic() + SAMPLE_SECONDS
    while time.monotonic() < until:
        least = {name: min(least[name], megabytes(pid)) for name, pid in pids.items()}
        time.sleep(0.02)
    return least


def megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) / 1024


def steps(run_dir: Path) -> int:
    rows = [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text().splitlines()]
    return max((int(row.get("time/total_timesteps", 0)) for row in rows), default=0)


def measure(stopped: str, seconds: float) -> tuple[dict[str, float], float, float]:
    """Growth of each node's memory, steps a second while it stood still, MB of the run's checkpoints."""
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder) / "run"
        words = ["launch", "gail.yaml", "budget:=100000000", "episodes:=1", "--run-dir", str(run_dir)]
        launcher = subprocess.Popen([sys.executable, ROOT / "cli.py", *words], stdout=subprocess.DEVNULL)
        try:
            while not (run_dir / "metrics.jsonl").exists() or steps(run_dir) < WARM_STEPS:
                time.sleep(0.5)
            pids = {n: node["pid"] for n, node in json.loads((run_dir / "processes.json").read_text())["nodes"].items()}
            before, begun, since = floor(pids), steps(run_dir), time.monotonic()
            if stopped:
                os.kill(pids[stopped], signal.SIGSTOP)
            time.sleep(seconds)
            after = floor(pids)
            grown = {name: after[name] - before[name] for name in pids if name != stopped}
            kept = sum(path.stat().st_size for path in (run_dir / "checkpoints").glob("*.checkpoint")) / 1e6
            if stopped:
                os.kill(pids[stopped], signal.SIGCONT)
            time.sleep(2)  # until a report has written what it missed
            return grown, (steps(run_dir) - begun) / (time.monotonic() - since), kept
        finally:
            launcher.send_signal(signal.SIGINT)
            launcher.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", nargs="+", default=["", "report", "evaluator", "console"])
    options = parser.parse_args()
    for stopped in options.only:
        grown, rate, kept = measure(stopped, options.seconds)
        worst = max(grown, key=lambda name: grown[name])
        print(f"{stopped or 'nobody':<10} all {sum(grown.values()):7.1f} MB   most {worst} {grown[worst]:6.1f} MB   "
              f"checkpoints {kept:5.1f} MB   {rate:8,.0f} steps/s", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
