"""DAgger beside behaviour cloning: score by how many of its actions the operator gave, as labels or as demonstrations.

    python bench/dagger.py results.jsonl --env CartPole-v1 --pairs 32 128 512 --rollout 4 8 --seeds 10 11 12
    python bench/dagger.py results.jsonl --env Hopper-v5 --operator RUN --pairs 2048 4096 8192 --seeds 10 11 12
    python bench/dagger.py results.jsonl --seeds --svg docs/dagger.svg

A score is (return - random) / (operator - random), from 20 greedy episodes. A run of dagger.yaml is scored on its way,
with the weights that it has learned from so many labels. BC is the node of bc.yaml, on the first pairs that the
operator demonstrates, whole episodes in turn. Results are appended to results.jsonl, and all in it are printed as a
table; `--svg` draws them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
from safetensors.numpy import load, load_file

from tutelage.messages import Demonstration, Weights
from tutelage.nodes.cloner import Cloner
from tutelage.nodes.demonstrator import Demonstrator
from tutelage.tasks.playing import episode, random_returns, returns
from tutelage.tasks.task import Task
from tutelage.teaching.operators import law
from tutelage.turns import play

EPISODES = 20


@cache
def chance_return(env: str) -> float:
    return statistics.mean(random_returns(Task(env), EPISODES))


@cache
def operator_return(env: str, operator: str) -> float:
    """Mean return of the operator itself."""
    task = Task(env)
    environment, acting = task.make(), law(operator, task)
    played = [sum(step.reward for step in episode(environment, acting, seed)) for seed in range(EPISODES)]
    environment.close()
    return statistics.mean(played)


def score(env: str, operator: str, tensors: dict[str, np.ndarray], seed: int) -> float:
    worst, best = chance_return(env), operator_return(env, operator)
    found = returns(Task(env), tensors, EPISODES, seed, sample=False).mean()
    return round(float((found - worst) / (best - worst)), 3)


def demonstrated(env: str, operator: str, seed: int, pairs: int) -> Iterator[Demonstration]:
    """The first pairs of the operator's demonstrations; the last episode is cut."""
    for message in Demonstrator(env, count=pairs, seed=seed, operator=operator).start():
        if isinstance(message, Demonstration):
            steps = min(pairs, len(message.action))
            observation, action = message.observation[: steps + 1], message.action[:steps]
            yield Demonstration(0, 0, observation, action, message.terminated, message.truncated, message.operator)
            pairs -= steps
            if not pairs:
                return


def cloned(env: str, operator: str, seed: int, pairs: list[int]) -> Iterator[tuple[int, float]]:
    """Numbers of pairs, and the scores of policies that were cloned from them."""
    for count in pairs:
        said = play(Cloner(env, seed), demonstrated(env, operator, seed, count))
        *_, last = (message for message in said if isinstance(message, Weights))
        yield count, score(env, operator, load(last.tensors.tobytes()), seed)


def aggregated(
    env: str, operator: str, seed: int, pairs: list[int], shape: tuple[int, int], more: list[str]
) -> Iterator[tuple[int, float]]:
    """Numbers of labels, and the scores of one run's policies after them."""
    environments, steps = shape
    told = {"env": env, "operator": operator, "seed": seed, "environments": environments, "rollout_steps": steps}
    told |= {"budget": max(pairs), "keep": 1, "episodes": 1}
    with tempfile.TemporaryDirectory() as folder:
        words = [f"{name}:={value}" for name, value in told.items()]
        command = [sys.executable, str(ROOT / "cli.py"), "launch", "dagger.yaml", *words, *more]
        done = subprocess.run([*command, "--one-process", "--run-dir", folder], stdout=subprocess.DEVNULL)
        done.check_returncode()
        for count in pairs:
            version = count // (environments * steps)
            yield count, score(env, operator, load_file(f"{folder}/kept/{version:06}.safetensors"), seed)


def results(options: argparse.Namespace, seed: int) -> Iterator[dict[str, Any]]:
    """The lines of one seed."""
    where = options.env, options.operator, seed, options.pairs
    for who, found in (("bc", cloned(*where)), ("dagger", aggregated(*where, options.rollout, options.more))):
        if who in options.only:
            for count, value in found:
                yield {"task": options.env, "algorithm": who, "seed": seed, "pairs": count, "score": value}


def table(lines: list[dict[str, Any]]) -> str:
    """Markdown: mean and least score of each algorithm by the number of pairs."""
    rows = ["| task | pairs | BC, mean | least | DAgger, mean | least |", "|---|---|---|---|---|---|"]
    for task, pairs in sorted({(one["task"], one["pairs"]) for one in lines}):
        row = f"| {task} | {pairs} |"
        for who in ("bc", "dagger"):
            of = (task, pairs, who)
            found = [one["score"] for one in lines if (one["task"], one["pairs"], one["algorithm"]) == of]
            row += f" {statistics.mean(found):.3f} | {min(found):.3f} |" if found else " | |"
        rows.append(row)
    return "\n".join(rows)


def draw(lines: list[dict[str, Any]], path: Path) -> None:
    """Mean, least and greatest score against the number of pairs, a picture for each task."""
    import matplotlib  # the extra `plot`

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
    import matplotlib.pyplot as plt

    tasks = sorted({one["task"] for one in lines})
    figure, row = plt.subplots(
        1, len(tasks), figsize=(3.6 * len(tasks), 3.2), layout="constrained", squeeze=False, sharey=True
    )
    for axes, task in zip(row[0], tasks, strict=True):
        for who, colour in (("bc", "#d62728"), ("dagger", "#1f77b4")):
            some = [one for one in lines if (one["task"], one["algorithm"]) == (task, who)]
            counts = sorted({one["pairs"] for one in some})
            scores = [[one["score"] for one in some if one["pairs"] == count] for count in counts]
            axes.plot(counts, [statistics.mean(found) for found in scores], "o-", color=colour, label=who)
            axes.fill_between(counts, [*map(min, scores)], [*map(max, scores)], color=colour, alpha=0.15)
        axes.axhline(1, color="0.4", linestyle="--")
        axes.set(xscale="log", ylim=(0, 1.1), title=task, xlabel="labels, or demonstrated pairs")
        counts = sorted({one["pairs"] for one in lines if one["task"] == task})
        axes.set_xticks(counts, list(map(str, counts)))
        axes.minorticks_off()
    row[0][0].set_ylabel("score")
    row[0][0].legend(frameon=False, loc="lower right")
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--env", default="CartPole-v1")
    parser.add_argument("--operator", default="scripted")
    parser.add_argument("--pairs", type=int, nargs="+", default=[256, 512, 1024, 2048])
    parser.add_argument("--rollout", type=int, nargs=2, default=[8, 32], help="environments and steps of a rollout")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0], help="none: only what there is in results.jsonl")
    parser.add_argument("--only", nargs="+", default=["bc", "dagger"])
    parser.add_argument("--more", nargs="*", default=[], help="arguments of dagger.yaml, name:=value")
    parser.add_argument("--svg", type=Path, help="where to draw all results (needs the extra `plot`)")
    options = parser.parse_args()
    for seed in options.seeds:
        for line in results(options, seed):
            print(json.dumps(line), flush=True)
            with options.results.open("a") as file:
                file.write(json.dumps(line) + "\n")
    lines = [json.loads(line) for line in options.results.read_text().splitlines()]
    print(table(lines))
    if options.svg:
        draw(lines, options.svg)


if __name__ == "__main__":
    main()
