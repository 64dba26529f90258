"""Results of bench/learning.py as tables and as pictures.

    python bench/plots.py results.jsonl docs/results

Prints two tables in Markdown: each algorithm by itself, and all beside one another, as "mean (least) of so many seeds".
The pictures have a panel for each task and subsampling: `demonstrations.svg` has the final score against the number of
demonstrations. `steps.svg` and `seconds.svg` have the score of the training episodes, whose actions are sampled.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "results"  # the same results make the same file
matplotlib.rcParams["svg.fonttype"] = "none"  # text remains text
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

sys.path.insert(0, str(Path(__file__).parents[1]))

from tutelage.nodes.screens.averaging import averaged

Runs = list[dict[str, Any]]
COLOURS = {"gail": "#1f77b4", "bc": "#d62728", "ppo": "#2ca02c", "dac": "#ff7f0e", "iq": "#9467bd", "airl": "#8c564b"}
COLOURS["dagger"] = "#17becf"
STYLES = {1: ":", 4: "--"}
"""By the number of demonstrations; lines of others are solid."""
COLUMNS, POINTS = 4, 100
"""Panels in a row; points of a curve, at the most."""


def grouped(runs: Runs, *names: str) -> dict[tuple[Any, ...], Runs]:
    groups: dict[tuple[Any, ...], Runs] = defaultdict(list)
    for run in runs:
        groups[tuple(run[name] for name in names)].append(run)
    return groups


def each(runs: Runs) -> str:
    """Mean and least score, return beside the expert's and a random policy's, steps and seconds."""
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


def beside(runs: Runs) -> str:
    """A row for each task, number of demonstrations and subsampling, a column for each algorithm."""
    algorithms = [algorithm for (algorithm,) in grouped(runs, "algorithm")]
    lines = [f"| task | demos | every | {' | '.join(algorithms)} |", "|---|---|---|" + "---|" * len(algorithms)]
    for row, group in grouped(runs, "task", "demonstrations", "subsample").items():
        by_algorithm = grouped(group, "algorithm")
        cells = [cell([run["score"] for run in by_algorithm[(algorithm,)]]) for algorithm in algorithms]
        lines.append(f"| {' | '.join([*map(str, row), *cells])} |")
    return "\n".join(lines)


def cell(scores: list[float]) -> str:
    least = f" ({min(scores):.3f}) of {len(scores)}" if len(scores) > 1 else ""
    return f"{np.mean(scores):.3f}{least}" if scores else ""


def by_demonstrations(axes: Axes, runs: Runs) -> None:
    """Where cloning's errors compound, imitation holds."""
    for (algorithm,), group in grouped(runs, "algorithm").items():
        by_count = {
            count: [run["score"] for run in some] for (count,), some in grouped(group, "demonstrations").items()
        }
        counts, colour = sorted(by_count), COLOURS.get(algorithm)
        axes.plot(counts, [np.mean(by_count[count]) for count in counts], "o-", label=algorithm, color=colour)
        low, high = ([bound(by_count[count]) for count in counts] for bound in (min, max))
        axes.fill_between(counts, low, high, alpha=0.15, color=colour)
    axes.set(xlabel="demonstrations", xscale="log")
    counts = sorted({run["demonstrations"] for run in runs})
    axes.set_xticks(counts, labels=[str(count) for count in counts])
    axes.minorticks_off()


def on_the_way(axes: Axes, runs: Runs, seconds: bool) -> None:
    for (algorithm, count), group in grouped(runs, "algorithm", "demonstrations").items():
        first = group[0]
        span = first["expert"] - first["random"]
        curve = averaged(algorithm, [np.array(run["curve"]) for run in group])
        pace = np.mean([run["wall_seconds"] for run in group]) / curve.steps[-1] if seconds else 1
        look: dict[str, Any] = {"color": COLOURS.get(algorithm), "linestyle": STYLES.get(count, "-")}
        shown = slice(None, None, -(-len(curve.steps) // POINTS))
        x, y = curve.steps[shown] * pace, (curve.mean[shown] - first["random"]) / span
        axes.plot(x, y, label=f"{algorithm}, {count}", **look)
    axes.set(xlabel="seconds, start-up and evaluation included" if seconds else "environment steps")


def picture(runs: Runs, drawn: Callable[[Axes, Runs], None], path: Path) -> None:
    """A panel for each task and subsampling; scores are 1 for the expert and 0 for a random policy."""
    panels = grouped(runs, "task", "subsample")
    rows = -(-len(panels) // COLUMNS)
    columns = min(COLUMNS, len(panels))
    figure, grid = plt.subplots(
        rows, columns, figsize=(3.2 * columns, 2.8 * rows), squeeze=False, sharey=True, layout="constrained"
    )
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes, ((task, every), group) in zip(grid.flat, panels.items(), strict=False):
        drawn(axes, group)
        for score, line in ((1, "--"), (0, ":")):
            axes.axhline(score, color="0.4", linestyle=line)
        axes.set(title=task + (f", every {every}th pair" if every > 1 else ""), ylim=(-0.4, 1.2))
        axes.legend(frameon=False, fontsize="small")
    for axes in grid[:, 0]:
        axes.set_ylabel("score")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("folder", type=Path, help="for the pictures")
    options = parser.parse_args()
    runs = [json.loads(line) for line in options.results.read_text().splitlines()]
    options.folder.mkdir(parents=True, exist_ok=True)
    several = {
        place for place, some in grouped(runs, "task", "subsample").items() if len(grouped(some, "demonstrations")) > 1
    }
    for name, chosen, drawn in (
        ("demonstrations", [run for run in runs if (run["task"], run["subsample"]) in several], by_demonstrations),
        ("steps", [run for run in runs if run["curve"]], partial(on_the_way, seconds=False)),
        ("seconds", [run for run in runs if run["curve"]], partial(on_the_way, seconds=True)),
    ):
        if chosen:
            picture(chosen, drawn, options.folder / f"{name}.svg")
    print(each(runs), beside(runs), sep="\n\n")


if __name__ == "__main__":
    main()
