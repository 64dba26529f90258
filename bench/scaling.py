"""What each simulator costs itself and the other nodes: the numbers behind docs/scaling.md.

    python bench/scaling.py [--simulators 1 2 4 8] [gail.yaml] [NAME:=VALUE ...]

Runs the launch file with so many simulators of 8 copies each. Prints, while it learns, the processor time of each kind
of node for an environment step (which other programs on the machine hardly change), the memory that a process shares
with no other, and the size of the weights.
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
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

COPIES = 8
ROLLOUTS = 5, 25
"""It measures between these."""


def seconds_of(pid: int) -> float:
    """The processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes_of(pid: int) -> float:
    """The memory that is a process's own."""
    rollup = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return sum(int(rollup[f"Private_{kind}"].split()[0]) for kind in ("Clean", "Dirty")) / 1024


def learned(folder: Path) -> list[dict[str, float]]:
    """The learner's rows of metrics.jsonl."""
    path = folder / "metrics.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")] if path.exists() else []
    return [row for row in rows if "time/total_timesteps" in row]


def wait_for(folder: Path, rollouts: int) -> float:
    """Until the run has learned from so many rollouts; returns the environment steps so far."""
    while len(rows := learned(folder)) < rollouts:
        time.sleep(0.02)
    return rows[-1]["time/total_timesteps"]


def measure(words: list[str], simulators: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "run"
        count = [f"simulators:={simulators}", f"environments:={COPIES * simulators}", "budget:=100000000"]
        command = [sys.executable, str(ROOT / "cli.py"), "launch", *words, *count, "--run-dir", str(folder)]
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            before = wait_for(folder, ROLLOUTS[0])
            nodes = json.loads((folder / "processes.json").read_text())["nodes"]
            pids = {name: node["pid"] for name, node in nodes.items() if not node["ended"]}
            began = {name: seconds_of(pid) for name, pid in pids.items()}
            steps = wait_for(folder, ROLLOUTS[1]) - before
            used = {name: seconds_of(pid) - began[name] for name, pid in pids.items()}
            own = {name: megabytes_of(pid) for name, pid in pids.items()}
        finally:
            run.send_signal(signal.SIGINT)
            run.wait()
        weights = (folder / "weights.interim.safetensors").stat().st_size
    report(simulators, steps, used, own, weights)


def report(simulators: int, steps: float, used: dict[str, float], own: dict[str, float], weights: int) -> None:
    kinds: Counter[str] = Counter()
    for name, seconds in used.items():
        kinds[name.partition("-")[0]] += seconds / steps * 1e6  # type: ignore[assignment]
    each = ", ".join(f"{kind} {micro:.0f}" for kind, micro in kinds.items() if micro >= 0.5)
    print(f"{simulators} simulators: microseconds a step: {each}")
    largest = {kind: max(own[name] for name in own if name.startswith(kind)) for kind in ("simulator", "policy")}
    sizes = ", ".join(f"{kind} {megabytes:.0f}" for kind, megabytes in largest.items())
    print(f"   MB of its own: {sizes}; weights: {weights} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--simulators", type=int, nargs="*", default=[1, 2, 4, 8])
    options, words = parser.parse_known_args()
    for simulators in options.simulators:
        measure(words or ["gail.yaml"], simulators)


if __name__ == "__main__":
    main()
