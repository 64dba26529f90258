"""The graph beside the plain loop, in turns: one digest, and how much faster from first demonstration to last weights.

python bench/beside_plain.py --rounds 5
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def plain(lag: int, seed: int) -> dict[str, Any]:
    command = [sys.executable, str(ROOT / "bench/plain_loop.py"), "--lag", str(lag), "--seed", str(seed)]
    made: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return made


def graph(lag: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        words = ["launch", "gail.yaml", f"lag:={lag}", f"seed:={seed}", "--run-dir", folder]
        subprocess.run([sys.executable, str(ROOT / "cli.py"), *words], check=True, stdout=subprocess.DEVNULL)
        made: dict[str, Any] = json.loads((Path(folder) / "report.json").read_text())
    return made


def compare(lag: int, rounds: int) -> str:
    """One line: rates of both, ratio of times round by round, and whether every digest was the same."""
    pairs = [(plain(lag, seed), graph(lag, seed)) for seed in range(rounds)]
    rates = [statistics.median(side["steps_per_second"] for side in sides) for sides in zip(*pairs, strict=True)]
    ratios = sorted(one["seconds_learning"] / other["seconds_learning"] for one, other in pairs)
    same = all(one["weights_digest"] == other["weights_digest"] for one, other in pairs)
    return (
        f"lag {lag}: plain {rates[0]:.0f} steps/s, graph {rates[1]:.0f} steps/s (medians of {rounds}); the graph is "
        f"{statistics.median(ratios):.2f} times faster ({ratios[0]:.2f} to {ratios[-1]:.2f}); "
        f"digests {'equal' if same else 'DIFFER'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for lag in (0, 1):
        print(compare(lag, options.rounds), flush=True)


if __name__ == "__main__":
    main()
