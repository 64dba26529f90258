"""How much of a run's work is not simulation, inference or learning, but messages, checkpoints and order.

    python bench/overhead.py gail.yaml                                   CartPole, 32 environments
    python bench/overhead.py dac.yaml env:=Hopper-v5 demonstrations:=FILE budget:=20480

Prints for each process of the ring its processor seconds since its start, those within the environments' steps, the
network's answers and the updates, and the share of the others. Processor seconds hardly depend on what else the machine
does. The start of the processes and the final evaluation are not in them (bench/exec_to_exit.py has these).

The last line is by the clock: how long the run took, and how much of that the busiest process did not spend in its
work. A graph whose busiest process always works cannot be faster. Leave the machine alone for it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy: as `tutelage launch` does

from bench import overhead_nodes
from tutelage import launcher


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    graph = launcher.graph(sys.argv[1], [*sys.argv[2:], "episodes:=1"])
    for plan in graph.nodes:
        kind = plan.run.rpartition(":")[2]
        if kind in vars(overhead_nodes) and plan.run.startswith("nodes."):
            plan.run = f"bench.overhead_nodes:{kind}"
    with tempfile.TemporaryDirectory() as folder:
        if launcher.begin(graph, folder):
            sys.exit("the run has failed")
        rows = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("*.overhead.json"))]
    show(rows)


def show(rows: list[dict[str, Any]]) -> None:
    """A line for each process, and one for all."""
    print(f"{'process':24}{'seconds':>9}{'within':>9}{'overhead':>10}")
    seconds, within, busiest = 0.0, 0.0, 0.0
    for _, group in groupby(sorted(rows, key=itemgetter("process")), itemgetter("process")):
        nodes = list(group)
        seconds += (here := max(node["seconds"] for node in nodes))
        within += (inside := sum(node["within"] for node in nodes))
        busiest = max(busiest, inside)
        print(line(", ".join(node["node"] for node in nodes), here, inside))
    print(line("all", seconds, within))
    print(line("by the clock, busiest", max(row["wall"] for row in rows), busiest))


def line(name: str, seconds: float, within: float) -> str:
    return f"{name:24}{seconds:9.2f}{within:9.2f}{1 - within / seconds:10.1%}"


if __name__ == "__main__":
    main()
