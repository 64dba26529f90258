"""How long short commands take, beside Python alone: python bench/commands.py. Medians of eleven, in turns."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

CLI = Path(__file__).resolve().parents[1] / "cli.py"
COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "tutelage --help": (CLI, "--help"),
    "tutelage launch --help": (CLI, "launch", "--help"),
    "tutelage launch gail.yaml --args": (CLI, "launch", "gail.yaml", "--args"),
    "tutelage messages Action": (CLI, "messages", "Action"),
}
TURNS = 11


def main() -> None:
    seconds = defaultdict(list)
    for _ in range(TURNS):
        for name, words in COMMANDS.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - began)
    for name, taken in seconds.items():
        print(f"{name:34} {median(taken):.3f} s")


if __name__ == "__main__":
    main()
