"""Trains algorithms from few and many demonstrations, over tasks and seeds, each a run of the whole graph.

    python bench/learning.py results.jsonl --experts DIR --tasks CartPole-v1 MountainCar-v0 --demonstrations 1 4 10
    python bench/plots.py results.jsonl docs/results

DIR holds the demonstrations of each task as <task>.npz, or as <task> with another ending or none, in any format that
docs/demonstrations.md lists. A score is (return - random) / (expert - random), from 50 greedy episodes of the final
weights. Runs that are in results.jsonl already are not made again. With --clone each run
begins with a clone of the same demonstrations (bc.yaml), and "clone" is that one's score. dagger begins with the
demonstrations and then asks the operator: `operator:=RUN` where the task has no scripted one.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tutelage.tasks.playing import random_returns
from tutelage.tasks.task import Env, Task
from tutelage.teaching.formats import files

EPISODES = 50


@cache
def anchors(task: str, file: Path) -> tuple[Env, float, float]:
    """The environment, as the file of demonstrations describes it, and the mean returns of its expert and of chance.

    Chance is random actions over EPISODES episodes.
    """
    env = files.env_of(str(file)) or task
    expert = np.mean([one.episode_return for one in files.kept(files.read(file, Task(env)))])
    return env, float(expert), statistics.mean(random_returns(Task(env), EPISODES))


def demonstrations(folder: Path, task: str) -> Path:
    """The file or folder of a task's demonstrations."""
    found = [path for path in (folder / task, *folder.glob(f"{task}.*")) if path.exists()]
    if len(found) != 1:
        sys.exit(f"{folder}: there must be one file or folder that is named {task}, but there are {len(found)}")
    return found[0]


def launch(folder: Path, algorithm: str, words: list[str]) -> dict[str, Any]:
    """The report of a run."""
    command = [sys.executable, str(ROOT / "cli.py"), "launch", f"{algorithm}.yaml", *words, "--run-dir", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return report


def run(
    algorithm: str, task: str, file: Path, count: int, subsample: int, seed: int, more: list[str], cloned: bool
) -> dict[str, Any]:
    """One run: what it was, its score, how long it took, and the returns on its way."""
    env, expert, chance = anchors(task, file)
    arguments = {
        "env": env if isinstance(env, str) else json.dumps(env),
        "demonstrations": file,
        "demonstrations_count": count,
        "seed": seed,
        "episodes": EPISODES,
    }
    arguments |= {"subsample": subsample} if subsample > 1 else {}  # not all launch files have it
    words = [f"{name}:={value}" for name, value in arguments.items()]

    def score(report: dict[str, Any]) -> float:
        return (report["return_mean"] - chance) / (expert - chance)

    with tempfile.TemporaryDirectory() as place:
        folder, clone = Path(place) / "run", Path(place) / "clone"
        began = time.monotonic()
        of_clone = {"clone": score(launch(clone, "bc", words))} if cloned else {}
        report = launch(folder, algorithm, words + more + ([f"policy:={clone}"] if cloned else []))
        wall = time.monotonic() - began
        rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return {
        "algorithm": algorithm,
        "task": task,
        "demonstrations": count,
        "subsample": subsample,
        "seed": seed,
        "settings": more + ["--clone"] * cloned,
        "score": score(report),
        **of_clone,
        "return": report["return_mean"],
        "expert": expert,
        "random": chance,
        "steps": report["environment_steps"],
        "wall_seconds": round(wall, 2),
        "curve": [[r["time/total_timesteps"], r["rollout/ep_rew_mean"]] for r in rows if "rollout/ep_rew_mean" in r],
    }


def known(path: Path) -> list[dict[str, Any]]:
    """The runs that a file of results holds."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def line(made: dict[str, Any]) -> str:
    return (
        f"{made['algorithm']:5} {made['task']:26} {made['demonstrations']:3} demonstrations  seed {made['seed']}  "
        f"return {made['return']:8.1f}  score {made['score']:6.3f}  "
        f"{made['steps']:7} steps  {made['wall_seconds']:6.1f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--experts", type=Path, required=True)
    parser.add_argument("--algorithms", nargs="+", default=["gail"])
    parser.add_argument("--tasks", nargs="+", default=["CartPole-v1"])
    parser.add_argument("--demonstrations", type=int, nargs="+", default=[10])
    parser.add_argument("--subsample", type=int, default=1)
    parser.add_argument("--clone", action="store_true", help="begin with a clone of the same demonstrations")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    options, more = parser.parse_known_args()
    key = ("algorithm", "task", "demonstrations", "subsample", "seed", "settings")
    have = {json.dumps([r[name] for name in key]) for r in known(options.results)}
    for algorithm, task, count, seed in product(
        options.algorithms, options.tasks, options.demonstrations, options.seeds
    ):
        if json.dumps([algorithm, task, count, options.subsample, seed, more + ["--clone"] * options.clone]) in have:
            continue
        file = demonstrations(options.experts, task)
        made = run(algorithm, task, file, count, options.subsample, seed, more, options.clone)
        with options.results.open("a") as file:
            file.write(json.dumps(made) + "\n")
        print(line(made), flush=True)


if __name__ == "__main__":
    main()
