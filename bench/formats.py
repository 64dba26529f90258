"""Writing and reading demonstrations beside Minari's own library, the same episodes in one session.

    python bench/formats.py [--rounds 15] [--episodes 100] [--steps 1000]

Prints steps a second of processor time, which others on the machine disturb least, and how many times Minari's time
ours takes: medians of the rounds. Reading means: all arrays of all episodes in memory; ours also reads who and when,
and checks. npz has no peer here and is shown for itself.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
warnings.filterwarnings("ignore")

import minari
import numpy as np
from minari.data_collector.episode_buffer import EpisodeBuffer

from tutelage.teaching.formats import files
from tutelage.teaching.formats.trajectory import Demonstrations, Trajectory

ENV = "Pendulum-v1"


def made_up(episodes: int, steps: int) -> list[Trajectory]:
    draw = np.random.default_rng(0)

    def numbers(*shape: int) -> np.ndarray:
        return draw.standard_normal(shape).astype(np.float32)

    return [
        Trajectory(numbers(steps + 1, 3), numbers(steps, 1), numbers(steps), False, True, i, seed=i)
        for i in range(episodes)
    ]


def theirs(name: str, shown: list[Trajectory], kind: str) -> None:
    last = np.arange(len(shown[0].action)) == len(shown[0].action) - 1
    buffers = [
        EpisodeBuffer(None, one.seed, None, one.observation, one.action, one.reward, last & False, last)
        for one in shown
    ]
    minari.create_dataset_from_buffers(name, buffers, env=ENV, data_format=kind)


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(shown: list[Trajectory], number: int) -> dict[str, float]:
    """Seconds of each piece of work, by name; ours and theirs in turn."""
    found, ours = {}, Demonstrations(shown, ENV)
    root = Path(os.environ["MINARI_DATASETS_PATH"])
    found["npz write"] = seconds(lambda: files.write(str(root / f"{number}.npz"), ours, "npz"))
    found["npz read"] = seconds(lambda: files.read(root / f"{number}.npz"))
    for kind, to in (("hdf5", "minari"), ("arrow", "minari-arrow")):
        names = [f"{who}/{kind}-v{number}" for who in ("ours", "theirs")]
        works: dict[str, Callable[[], object]] = {
            f"{kind} write ours": lambda to=to, name=names[0]: files.write(name, ours, to),
            f"{kind} write theirs": lambda kind=kind, name=names[1]: theirs(name, shown, kind),
            f"{kind} read ours": lambda name=names[0]: files.read(name),
            f"{kind} read theirs": lambda name=names[1]: list(minari.load_dataset(name)),
        }
        order = list(works) if number % 2 else [*list(works)[1::-1], *list(works)[:1:-1]]
        found |= {name: seconds(works[name]) for name in order}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--steps", type=int, default=1000)
    asked = parser.parse_args()
    shown = made_up(asked.episodes, asked.steps)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MINARI_DATASETS_PATH"] = folder
        rounds = [measure(shown, i) for i in range(asked.rounds + 1)][1:]  # the first loads libraries
    steps = asked.episodes * asked.steps
    for name in sorted(name for name in rounds[0] if not name.endswith("theirs")):
        ours = [one[name] for one in rounds]
        beside = ""
        if name.endswith("ours"):
            peer = [one[name.replace("ours", "theirs")] for one in rounds]
            ratio = statistics.median(a / b for a, b in zip(ours, peer, strict=True))
            beside = f"  Minari {steps / statistics.median(peer):12,.0f}  {ratio:5.2f} times its time"
        print(f"{name.removesuffix(' ours'):12} {steps / statistics.median(ours):12,.0f} steps/s{beside}")


if __name__ == "__main__":
    main()
