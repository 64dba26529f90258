"""What three people teach CartPole: python bench/teaching.py [--takes 6] [--seeds 3]

Each sits at a pseudo-terminal before record.yaml, sees the drawn pole and presses the arrows: one pushes to where the
pole leans and slips often, one slips less, one also sees how fast the pole turns. All keep every take, falls too.
Prints for each: the returns of the takes, what the screen advised, what cloning and GAIL have learned, over seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import fmean

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.parts.person import LEFT, RIGHT, SPACE, Person

PEOPLE = {"badly": (0.5, 0.0, 0.0), "passably": (0.3, 4.0, 0.0), "well": (0.0, 4.0, 0.04)}
"""Skill -> share of presses that slip; how much turning counts beside leaning; how much the cart's place counts."""

COLUMNS = 180
"""A wide terminal, in which a small lean can be seen."""


def seen(lines: list[str]) -> tuple[int, int] | None:
    """How many columns the pole's top is right of the cart, and the cart right of the middle. None: it is not drawn."""
    tops, carts = ([line.index(mark) for line in lines[1:8] if mark in line] for mark in "o#")
    return (tops[0] - carts[0], carts[0] - COLUMNS // 2) if tops and carts else None


def teach(folder: Path, skill: str, takes: int) -> str:
    """Records takes; returns what the terminal has shown last."""
    draws, (slips, turning, place) = random.Random(skill), PEOPLE[skill]
    person = Person(folder, "record.yaml", "operator:=keyboard", "speed:=0.3", f"episodes:={takes}", columns=COLUMNS)
    answered, before = "", 0
    while person.process.poll() is None:
        title, view = person.output.partition("\n")[0], seen(person.output.splitlines())
        if "ready" in title or "over" in title:
            if title != answered:
                person.press(SPACE if "ready" in title else "k")
            answered = title
        elif view and "DRIVING" in title:
            lean, cart = view
            right = lean + turning * (lean - before) + place * cart > 0
            person.press(RIGHT if (draws.random() < 0.5 if draws.random() < slips else right) else LEFT)
            before = lean
        if not changes(person):
            answered = ""  # the key was lost: the terminal was not in its mode yet
    shown = person.output
    person.close()
    return shown


def changes(person: Person) -> bool:
    """Looks until the screen shows something else, two seconds at most."""
    shown, until = person.output, time.monotonic() + 2
    while person.output == shown and person.process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    return person.output != shown


def learned(folder: Path, *words: str) -> float:
    """The greedy return that a launch file has reached."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "cli.py"), "launch", *words, "--run-dir", str(folder)]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return float(json.loads((folder / "report.json").read_text())["return_mean"])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--takes", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    for skill in PEOPLE:
        with tempfile.TemporaryDirectory() as kept:
            folder = Path(kept)
            advice = teach(folder, skill, given.takes)
            print(f"## {skill}\n\n{advice.strip()}\n", flush=True)
            for algorithm in ("bc", "gail"):
                words = (f"{algorithm}.yaml", f"demonstrations:={folder / 'run'}")
                runs = [learned(folder / f"{algorithm}{seed}", *words, f"seed:={seed}") for seed in range(given.seeds)]
                print(f"{algorithm}: {', '.join(f'{one:.0f}' for one in runs)}, mean {fmean(runs):.0f}", flush=True)


if __name__ == "__main__":
    main()
