"""What each simulator costs itself and the other nodes: the numbers behind docs/scaling.md.

    python bench/scaling.py [gail.yaml] [NAME:=VALUE ...] [--copies 8] [--simulators 1 2 4 8]

Runs the launch file with so many simulators, of 8 copies each. Prints, while it learns, the processor time of each kind
of node for an environment step (which other programs on the machine hardly change), the memory that a process shares
with no other, and the size of the weights. From the last of these runs it computes what 1 to 1,000 simulators would do
whose steps take 1 or 10 ms, each on a core of its own: the model is `predict`.
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
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]

ROLLOUT_STEPS = 64

TRANSITION_BYTES = 46
"""Of a step of CartPole: two observations of 4 numbers, an action, a log-probability, two flags."""

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


class Costs(NamedTuple):
    """Of an environment step, in microseconds of processor time; and bytes of a weights message."""

    answer: float
    """of simulator and policy together, besides the environment's own"""
    learner: float
    discriminator: float
    """for a whole rollout, since its batches do not grow with the copies"""
    gatherer: float
    weights: int


def predict(costs: Costs, copies: int, simulators: int, milliseconds: float) -> str:
    """Steps a second: each simulator's rate times their number, unless learner, discriminator or gatherer is slower."""
    each = 1e6 / (1000 * milliseconds + costs.answer)
    rollout = copies * ROLLOUT_STEPS * simulators
    limits = {
        "simulators": each * simulators,
        "learner": 1e6 / costs.learner,
        "discriminator": 1e6 * rollout / costs.discriminator,
        "gatherer": 1e6 / costs.gatherer,
    }
    limit = min(limits, key=limits.__getitem__)
    rate = limits[limit]
    sent, gathered = rate / rollout * simulators * costs.weights / 1e6, rate * TRANSITION_BYTES / 1e6
    return (
        f"{milliseconds:3g} ms, {simulators:4} simulators: {rate:7.0f} steps/s, limited by the {limit}; "
        f"weights {sent:.2f} MB/s, transitions {gathered:.2f} MB/s"
    )


def measure(words: list[str], copies: int, simulators: int) -> Costs:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "run"
        count = [f"simulators:={simulators}", f"environments:={copies * simulators}", "budget:=100000000"]
        command = [sys.executable, str(ROOT / "cli.py"), "launch", *words, *count, "--run-dir", str(folder)]
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            before = wait_for(folder, ROLLOUTS[0])
            nodes = json.loads((folder / "processes.json").read_text())["nodes"]
            of_pid = {node["pid"]: name for name, node in nodes.items() if not node["ended"]}
            pids = {name: pid for pid, name in of_pid.items()}  # of nodes in one process, the last one stands for all
            began = {name: seconds_of(pid) for name, pid in pids.items()}
            steps = wait_for(folder, ROLLOUTS[1]) - before
            used = {name: seconds_of(pid) - began[name] for name, pid in pids.items()}
            own = {name: megabytes_of(pid) for name, pid in pids.items()}
        finally:
            run.send_signal(signal.SIGINT)
            run.wait()
        weights = (folder / "weights.interim.safetensors").stat().st_size
    return report(copies, simulators, steps, used, own, weights)


def report(
    copies: int, simulators: int, steps: float, used: dict[str, float], own: dict[str, float], weights: int
) -> Costs:
    kinds: defaultdict[str, float] = defaultdict(float)
    for name, seconds in used.items():
        kinds[name.partition("-")[0]] += seconds / steps * 1e6
    each = ", ".join(f"{kind} {micro:.0f}" for kind, micro in kinds.items() if micro >= 0.5)
    print(f"{simulators} simulators: microseconds a step: {each}")
    mine = {kind: [own[name] for name in own if name.startswith(kind)] for kind in ("simulator", "policy")}
    largest = {kind: max(sizes) for kind, sizes in mine.items() if sizes}
    sizes = ", ".join(f"{kind} {megabytes:.0f}" for kind, megabytes in largest.items())
    print(f"   MB of its own: {sizes}; weights: {weights} bytes", flush=True)
    rollout = copies * ROLLOUT_STEPS * simulators
    answer, scoring = kinds["simulator"] + kinds["policy"], kinds["discriminator"] + kinds["rewarder"]
    return Costs(answer, kinds["learner"], scoring * rollout, kinds["gatherer"] or 1e-9, weights)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--copies", type=int, default=8, help="of the environment, in each simulator")
    parser.add_argument("--simulators", type=int, nargs="*", default=[1, 2, 4, 8])
    parser.add_argument("file", nargs="?", default="gail.yaml", help="a launch file")
    options, words = parser.parse_known_args()
    for simulators in options.simulators:
        costs = measure([options.file, *words, f"rollout_steps:={ROLLOUT_STEPS}"], options.copies, simulators)
    for milliseconds in (1.0, 10.0):
        for simulators in (1, 10, 100, 1000):
            print(predict(costs, options.copies, simulators, milliseconds))


if __name__ == "__main__":
    main()
