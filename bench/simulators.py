"""Environment steps a second of ppo.yaml with 1, 2, 4 and 8 simulators, whose steps take so long that they matter.

    python bench/simulators.py [--turns 3] [--rllib RLLIB/bin/python] [collector:=collector]

Eight copies of an environment whose step sleeps .1, 1 or 10 ms (sleeping.py) are shared by N simulators. Prints the
median rate of each, and its share of N times the rate of one simulator; `limit` is the rate with steps that take no
time, by which something else is slower than the simulators. At 1 ms, in the same turns, eight workers of gymnasium's
AsyncVectorEnv in a plain loop (simulators_async.py), and of RLlib if there is one (simulators_rllib.py).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent

COPIES, ROLLOUT_STEPS = 8, 32
MILLISECONDS, SIMULATORS = (0.0, 0.1, 1.0, 10.0), (1, 2, 4, 8)
LEAST, MOST = 4, 60
"""Rollouts of a run."""

RUN_SECONDS = 4.0


def rollouts(milliseconds: float, simulators: int) -> int:
    """As many as simulators that nothing else holds up collect in RUN_SECONDS."""
    seconds = milliseconds / 1000 * ROLLOUT_STEPS * COPIES / simulators
    return min(MOST, max(LEAST, round(RUN_SECONDS / seconds))) if seconds else MOST


def ours(more: list[str], milliseconds: float, simulators: int) -> float:
    budget = ROLLOUT_STEPS * COPIES * rollouts(milliseconds, simulators)
    with tempfile.TemporaryDirectory() as folder:
        words = [
            *more,
            f"env:={{id: 'sleeping:make', arguments: {{seconds: {milliseconds / 1000}}}}}",
            "settings:={epochs: 1}",
        ]
        words += [f"simulators:={simulators}", f"environments:={COPIES}", f"rollout_steps:={ROLLOUT_STEPS}"]
        command = [sys.executable, str(HERE.parent / "cli.py"), "launch", "ppo.yaml", *words]
        command += [f"budget:={budget}", "episodes:=1", "--run-dir", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=HERE)
        return float(json.loads((Path(folder) / "report.json").read_text())["steps_per_second"])


def peer(python: str, file: str) -> float:
    numbers = [COPIES, 0.001, ROLLOUT_STEPS, rollouts(1.0, COPIES)]
    command = [python, str(HERE / file), *map(str, numbers)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--rllib", help="a Python that has RLlib")
    parser.add_argument(
        "--milliseconds", type=float, nargs="*", default=MILLISECONDS, help="of a step; 0 for the limit"
    )
    options, more = parser.parse_known_args()
    cases = [(cost, count) for cost in options.milliseconds for count in SIMULATORS]
    rates: dict[tuple[float, int], list[float]] = {case: [] for case in cases}
    peers = {"AsyncVectorEnv": (sys.executable, "simulators_async.py")}
    if options.rllib:
        peers["RLlib"] = (options.rllib, "simulators_rllib.py")
    theirs: dict[str, list[float]] = {name: [] for name in peers if 1.0 in options.milliseconds}
    for _ in range(options.turns):
        for case in cases:
            rates[case].append(ours(more, *case))
        for name, found in theirs.items():
            found.append(peer(*peers[name]))
    for cost, count in cases:
        rate, one = median(rates[cost, count]), median(rates[cost, 1])
        limit = f"  limit {median(rates[0.0, count]):6.0f}" if (0.0, count) in rates else ""
        print(f"{cost:4g} ms  {count} simulators  {rate:6.0f} steps/s  {rate / one / count:4.0%} of linear{limit}")
    for name, found in theirs.items():
        print(f"   1 ms  {COPIES} workers of {name}: {median(found):.0f} steps/s")


if __name__ == "__main__":
    main()
