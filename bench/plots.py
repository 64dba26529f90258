"""Results of bench/learning.py as a table and as pictures.

python bench/plots.py results.jsonl docs/results
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from tutelage.nodes.screens.averaging import averaged

Runs = list[dict[str, Any]]
COLOURS = {"gail": "#1f77b4", "bc": "#d62728", "ppo": "#2ca02c", "dac": "#ff7f0e", "iq": "#9467bd", "airl": "#8c564b"}
COLOURS |= {"dagger": "#17becf"}


def grouped(runs: Runs, *names: str) -> dict[tuple[Any, ...], Runs]:
    groups: dict[tuple[Any, ...], Runs] = defaultdict(list)
    for run in runs:
        groups[tuple(run[name] for name in names)].append(run)
    return groups


def table(runs: Runs) -> str:
    """Markdown: mean and least score, return beside the expert's and a random policy's, steps and seconds."""
    lines = [
        "| algorithm | task | demos | every | seeds | score | least | return | expert | random | steps | seconds |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    runs = [run | {"algorithm": " ".join([run["algorithm"], *run["settings"]])} for run in runs]
    for (algorithm, task, count, every), group in grouped(
        runs, "algorithm", "task", "demonstrations", "subsample"
    ).items():
        scores = [run["score"] for run in group]
        means = {name: np.mean([run[name] for run in group]) for name in ("return", "expert", "random", "wall_seconds")}
        lines.append(
            f"| {algorithm} | {task} | {count} | {every} | {len(group)} | {np.mean(scores):.3f} | {min(scores):.3f} "
            f"| {means['return']:.1f} | {means['expert']:.1f} | {means['random']:.1f} | {group[0]['steps']} "
            f"| {means['wall_seconds']:.1f} |"
        )
    return "\n".join(lines)


def few_demonstrations(runs: Runs, task: str, path: Path) -> None:
    """Return against the number of demonstrations: where cloning's errors compound, imitation holds."""
    figure, axes = plt.subplots(figsize=(5, 3.5), layout="constrained")
    for (algorithm,), group in grouped(runs, "algorithm").items():
        points = sorted(
            (count, [run["return"] for run in some]) for (count,), some in grouped(group, "demonstrations").items()
        )
        counts, means = [c for c, _ in points], [np.mean(r) for _, r in points]
        axes.plot(counts, means, "o-", label=algorithm.upper(), color=COLOURS.get(algorithm))
        axes.fill_between(counts, [min(r) for _, r in points], [max(r) for _, r in points], alpha=0.15,
                          color=COLOURS.get(algorithm))  # fmt: skip
    axes.axhline(runs[0]["expert"], color="0.4", linestyle="--", label="expert")
    axes.axhline(runs[0]["random"], color="0.4", linestyle=":", label="random")
    every = runs[0]["subsample"]
    axes.set(
        xlabel="demonstrations" + (f", every {every}th pair of each" if every > 1 else ""), ylabel="return", title=task
    )
    axes.legend(frameon=False)
    figure.savefig(path)
    plt.close(figure)


def curves(runs: Runs, task: str, path: Path) -> None:
    """Return of the training episodes against environment steps, and against seconds."""
    figure, pair = plt.subplots(1, 2, figsize=(8, 3), layout="constrained", sharey=True)
    for (algorithm, count), group in grouped(
        [run for run in runs if run["curve"]], "algorithm", "demonstrations"
    ).items():
        curve = averaged(f"{algorithm.upper()}, {count}", [np.array(run["curve"]) for run in group])
        seconds = np.mean([run["wall_seconds"] for run in group]) * curve.steps / curve.steps[-1]
        for axes, x in zip(pair, (curve.steps, seconds), strict=True):
            axes.plot(x, curve.mean, label=curve.label)
    for axes, label in zip(pair, ("environment steps", "seconds, start-up and evaluation included"), strict=True):
        axes.axhline(runs[0]["expert"], color="0.4", linestyle="--")
        axes.axhline(runs[0]["random"], color="0.4", linestyle=":")
        axes.set(xlabel=label, title=task)
    pair[0].set_ylabel("return")
    pair[0].legend(frameon=False)
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("folder", type=Path, help="for the pictures")
    options = parser.parse_args()
    runs = [json.loads(line) for line in options.results.read_text().splitlines()]
    options.folder.mkdir(parents=True, exist_ok=True)
    for (task, every), group in grouped(runs, "task", "subsample").items():
        name = task if every == 1 else f"{task}-every{every}"
        if len(grouped(group, "demonstrations")) > 1:
            few_demonstrations(group, task, options.folder / f"{name}-demonstrations.svg")
        if any(run["curve"] for run in group):
            curves(group, task, options.folder / f"{name}-curves.svg")
    print(table(runs))


if __name__ == "__main__":
    main()
