"""What looking on costs a learning graph: steps a second with and without observers, in turns within one run.

python bench/observing.py [--turns 5] [--seconds 8]

The observers are a `topic echo` of every topic, a `topic hz`, a `topic bw`, and an echo of every topic that stands
still (SIGSTOP). The CPU time is that of the graph's own processes, and of the observers, per 1,000 steps: what else
runs hardly changes it.
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

CLI = [sys.executable, str(Path(__file__).parents[1] / "cli.py")]
STEPS = "time/total_timesteps"


class Pace(NamedTuple):
    """Of a turn: environment steps a second, and seconds of CPU time of graph and observers per 1000 steps."""

    rate: float
    cpu: float
    observers: float


def rows(run: Path) -> Iterator[tuple[float, int]]:
    """When each new row of the run's metrics came, and its environment steps."""
    with (run / "metrics.jsonl").open() as file:
        file.seek(0, os.SEEK_END)
        line = ""
        while True:
            line += file.readline()
            if not line.endswith("\n"):  # the rest of it is not written yet
                time.sleep(0.005)
                continue
            row, line = json.loads(line), ""
            if STEPS in row:
                yield time.monotonic(), int(row[STEPS])


def cpu_seconds(processes: list[int]) -> float:
    fields = [Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split() for process in processes]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


def pace(run: Path, seconds: float, observing: list[int]) -> Pace:
    """A turn; `observing` are the processes of the observers."""
    nodes = [node["pid"] for node in json.loads((run / "processes.json").read_text())["nodes"].values()]
    coming = rows(run)
    began, first = next(coming)
    used, looked = cpu_seconds(nodes), cpu_seconds(observing)
    for now, steps in coming:
        if now >= began + seconds:
            done = (steps - first) / 1000
            spent = [(cpu_seconds(nodes) - used) / done, (cpu_seconds(observing) - looked) / done]
            return Pace(1000 * done / (now - began), *spent)
    raise AssertionError("rows never end")


@contextmanager
def observers(run: Path) -> Iterator[list[int]]:
    """Starts the observers; their processes."""
    topics = json.loads((run / "graph.json").read_text())["messages"]
    words = [["echo", *topics], ["hz", "transition"], ["bw", "observation"], ["echo", *topics]]
    started = [
        subprocess.Popen([*CLI, "topic", *one, "--run", str(run), "--json"], stdout=subprocess.PIPE) for one in words
    ]
    try:
        for one in started:
            assert one.stdout and one.stdout.readline()
        drains = [subprocess.Popen(["cat"], stdin=one.stdout, stdout=subprocess.DEVNULL) for one in started]
        started[-1].send_signal(signal.SIGSTOP)
        yield [one.pid for one in [*started, *drains]]
    finally:
        for one in [*started, *drains]:
            one.kill()
            one.wait()


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--turns", type=int, default=5)
    reader.add_argument("--seconds", type=float, default=8.0)
    options = reader.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        run = Path(folder) / "run"
        words = ["gail.yaml", "budget:=100000000", "episodes:=1", "--run-dir", str(run)]
        launched = subprocess.Popen([*CLI, "launch", *words], stdout=subprocess.DEVNULL)
        try:
            while not (run / "metrics.jsonl").exists():
                time.sleep(0.1)
            pace(run, options.seconds, [])  # warms up
            alone, observed = list[Pace](), list[Pace]()
            for _ in range(options.turns):
                alone.append(pace(run, options.seconds, []))
                with observers(run) as observing:
                    observed.append(pace(run, options.seconds, observing))
        finally:
            launched.send_signal(signal.SIGINT)
            launched.wait()
    for name, turns in (("alone", alone), ("observed", observed)):
        rate, cpu, looked = (median(values) for values in zip(*turns, strict=True))
        each = [round(turn.rate) for turn in turns]
        print(
            f"{name:9} {rate:.0f} steps/s, of {each}; CPU per 1000 steps: graph {cpu:.4f} s, observers {looked:.4f} s"
        )
    both = list(zip(alone, observed, strict=True))
    rate, cpu = median(two.rate / one.rate for one, two in both), median(two.cpu / one.cpu for one, two in both)
    print(f"observed / alone, median of {len(both)}: {rate:.3f} of the steps a second, {cpu:.3f} times the CPU time")


if __name__ == "__main__":
    main()
