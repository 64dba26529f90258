"""Behaviour cloning beside the library `imitation`'s, from the same demonstrations: scores, and seconds of training.

Score: (return - random) / (expert - random), greedy. Ours is the node Cloner, played without a process; the peer is
bench/imitation_bc.py, which a Python with imitation 1.0.1 runs. Both policies play here, on the same seeds.

    python bench/cloning.py --demonstrations FOLDER --peer PYTHON --envs CartPole-v1 Pendulum-v1 --peer-epochs 10 100
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from safetensors.numpy import load

from tutelage.messages import Demonstration, Weights
from tutelage.nodes.cloner import Cloner
from tutelage.nodes.dataset import Dataset
from tutelage.tasks.playing import random_returns, returns
from tutelage.tasks.task import Task
from tutelage.turns import play

PEER = Path(__file__).with_name("imitation_bc.py")
Tensors = dict[str, np.ndarray]


class Result(NamedTuple):
    tensors: Tensors
    wall: float
    cpu: float


def ours(task: Task, shown: list[Demonstration], seed: int) -> Result:
    """What the node says last."""
    node = Cloner(task.env, seed)
    wall, cpu = time.perf_counter(), time.process_time()
    said = [message for message in play(node, shown) if isinstance(message, Weights)]
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert said[-1].final
    return Result(load(said[-1].tensors.tobytes()), wall, cpu)


def peers(task: Task, shown: list[Demonstration], seed: int, python: str, epochs: int) -> Result:
    """The peer's policy after so many epochs."""
    spaces = task.spaces
    action = np.concatenate([demonstration.action for demonstration in shown])
    told = {"choices": np.array(spaces.action)}
    if not spaces.discrete:
        action, told = spaces.to_task(action), {"low": spaces.low, "high": spaces.high}
    observation = np.concatenate([demonstration.observation[:-1] for demonstration in shown])
    with tempfile.TemporaryDirectory() as folder:
        pairs, weights = f"{folder}/pairs.npz", f"{folder}/weights.npz"
        np.savez(pairs, observation=observation, action=action, **told)
        command = [python, str(PEER), pairs, weights, "--epochs", str(epochs), "--seed", str(seed)]
        wall, cpu = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        return Result(dict(np.load(weights, allow_pickle=False)), float(wall), float(cpu))


def line(env: str, who: str, scores: list[float], results: list[Result]) -> str:
    wall, cpu = (statistics.mean(getattr(result, kind) for result in results) for kind in ("wall", "cpu"))
    each = " ".join(f"{score:.3f}" for score in scores)
    return f"| {env} | {who} | {each} | {statistics.mean(scores):.3f} | {wall:.2f} | {cpu:.2f} |"


def measure(env: str, options: argparse.Namespace) -> None:
    """Prints the table's lines of one environment."""
    task, file = Task(env), str(Path(options.demonstrations) / f"{env}.npz")
    worst = statistics.mean(random_returns(task, 50))
    best = float(np.load(file, allow_pickle=False)["episode_returns"].mean())
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    shown = {
        seed: [m for m in Dataset(file, env, options.count, seed=seed).start() if isinstance(m, Demonstration)]
        for seed in seeds
    }
    learners = {"ours": lambda seed: ours(task, shown[seed], seed)}
    for epochs in options.peer_epochs if options.peer else ():
        learners[f"imitation, {epochs} epochs"] = lambda seed, e=epochs: peers(task, shown[seed], seed, options.peer, e)
    for who, learner in learners.items():
        results = [learner(seed) for seed in seeds]
        found = [
            returns(task, r.tensors, options.episodes, s, False).mean() for r, s in zip(results, seeds, strict=True)
        ]
        print(line(env, who, [(f - worst) / (best - worst) for f in found], results), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demonstrations", required=True, help="a folder of files ENV.npz")
    parser.add_argument("--envs", nargs="+", default=["CartPole-v1", "MountainCar-v0", "Pendulum-v1", "LunarLander-v3"])
    parser.add_argument("--count", type=int, default=10, help="demonstrations to learn from")
    parser.add_argument("--peer", help="a Python that has the library imitation")
    parser.add_argument("--peer-epochs", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--episodes", type=int, default=50, help="of each evaluation")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| environment | learner | score, by seed | mean | wall seconds | processor seconds |")
    print("|---|---|---|---|---|---|", flush=True)
    for env in options.envs:
        measure(env, options)


if __name__ == "__main__":
    main()
