"""Does any command go beyond step or rate of what is measured? A million random episodes of one guarded joint.

    python bench/guard.py --episodes 1000000

In each the joint is placed, moved by hand, commanded, held, pushed and brought to rest (tests/parts/joint.py). Half of
them have a driver that says exactly what it was told, half one that rounds up. The joint checks each command, and fails
at the first that is wrong. Prints a line of JSON for each half.
"""

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.parts.joint import Sequence, play


def played(rounds: bool, episodes: int) -> dict[str, float]:
    """What came of so many episodes; an AssertionError names the command that was wrong."""
    sequence, draws = Sequence(rounds), Random(int(rounds))
    began = time.monotonic()
    for _ in range(episodes):
        play(sequence, draws)
    seconds = round(time.monotonic() - began, 1)
    return {"rounds": rounds, "episodes": episodes, "commands": sequence.joint.writes, "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--episodes", type=int, default=1_000_000)
    half = parser.parse_args().episodes // 2
    with ProcessPoolExecutor(2) as pool:
        for line in pool.map(played, (False, True), (half, half)):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
