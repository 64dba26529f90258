"""Imitation beside peers' GAIL, from the same pairs: return against processor seconds and environment steps.

    python bench/peers.py results.jsonl --experts DIR --venvs VENVS --tasks CartPole-v1 --seeds 0 1 2
    python bench/peers.py results.jsonl --experts DIR --venvs VENVS --tasks Hopper-v5 --seeds 0 --svg docs/peers.svg

DIR holds the demonstrations as DIR/TASK.npz: 4 trajectories are drawn, of which every 20th pair is shown. VENVS holds
an environment for each peer, made as the head of bench/peers/gail_PEER.py says; a peer without one is left out. A peer
has `--times` the processor seconds that our gail.yaml needs. Ours are those of all processes from command to report,
with start-up and evaluations; a peer's are for learning alone. Results are appended to results.jsonl; those in it are
not made again. Prints all of them as a table; `--svg` draws them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from tutelage.messages import Demonstration
from tutelage.nodes.dataset import Dataset
from tutelage.tasks.task import Task

OURS, PEERS = ("gail", "dac", "bc"), ("imitation", "torchrl", "tianshou")
COUNT, EVERY, EPISODES = 4, 20, 50
ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1"}
X = {"seconds": "processor seconds", "steps": "environment steps"}
Course = list[dict[str, float]]
"""Rows of steps, seconds and return."""


def ours(algorithm: str, task: str, file: Path, seed: int) -> Course:
    """Mean returns of the last training episodes on its way, and the greedy return at its end.

    The processor seconds of the whole command are spread evenly over its steps.
    """
    words = {"env": task, "demonstrations": file, "demonstrations_count": COUNT, "subsample": EVERY, "seed": seed}
    words |= {"episodes": EPISODES}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(ROOT / "cli.py"), "launch", f"{algorithm}.yaml"]
        command += [f"{name}:={value}" for name, value in words.items()]
        before = processor_seconds()
        subprocess.run([*command, "--run-dir", folder], check=True, stdout=subprocess.DEVNULL, env=ONE_THREAD)
        spent = processor_seconds() - before
        report = json.loads((Path(folder) / "report.json").read_text())
        rows = [json.loads(line) for line in (Path(folder) / "metrics.jsonl").read_text().splitlines()]
    last = {"steps": report["environment_steps"], "seconds": spent, "return": report["return_mean"]}
    met = [(r["time/total_timesteps"], r["rollout/ep_rew_mean"]) for r in rows if "rollout/ep_rew_mean" in r]
    return [{"steps": s, "seconds": spent * s / last["steps"], "return": found} for s, found in met] + [last]


def processor_seconds() -> float:
    """Of all processes that this one started and that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pairs(task: str, file: Path, seed: int) -> dict[str, np.ndarray]:
    """What our learners are shown with this seed, with actions as the task takes them."""
    node, spaces = Dataset(str(file), task, COUNT, EVERY, seed), Task(task).spaces
    shown = [message for message in node.start() if isinstance(message, Demonstration)]
    action = np.concatenate([one.action for one in shown])
    if not spaces.discrete:
        action = spaces.to_task(action).astype(np.float32)
    return {"observation": np.concatenate([one.observation[:-1] for one in shown]), "action": action}


def peers(peer: str, python: Path, task: str, file: Path, seed: int, seconds: float) -> Course:
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/pairs.npz", **pairs(task, file, seed))
        script = ROOT / f"bench/peers/gail_{peer}.py"
        command = [str(python), str(script), f"{folder}/pairs.npz", task, str(seed), str(seconds)]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=ONE_THREAD).stdout
    return [json.loads(line) for line in said.splitlines() if line.startswith('{"steps"')]


class Results:
    """Those of a file, by who, task and seed; new ones are appended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        self.of = {(row["who"], row["task"], row["seed"]): row for row in rows}

    def add(self, who: str, task: str, seed: int, course: Course) -> None:
        row = {"who": who, "task": task, "seed": seed, "course": course}
        self.of[who, task, seed] = row
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")


def measure(results: Results, options: argparse.Namespace, task: str, seed: int) -> None:
    file = (options.experts / f"{task}.npz").resolve()
    for algorithm in OURS:
        if (algorithm, task, seed) not in results.of:
            results.add(algorithm, task, seed, ours(algorithm, task, file, seed))
    seconds = options.times * results.of["gail", task, seed]["course"][-1]["seconds"]
    for peer in PEERS:
        python = options.venvs / peer / "bin/python"
        if not python.exists():
            print(f"{peer} is left out: there is no {python}", file=sys.stderr)
        elif (peer, task, seed) not in results.of:
            results.add(peer, task, seed, peers(peer, python, task, file, seed, seconds))


def table(results: Results) -> str:
    """Markdown: the last return, the best one on the way, steps and seconds; means over seeds."""
    lines = ["| task | who | seeds | last return | best on the way | steps | processor seconds |"]
    lines.append("|---|---|---|---|---|---|---|")
    for task, who in sorted({(task, who) for who, task, _ in results.of}):
        courses = [row["course"] for (w, t, _), row in results.of.items() if (w, t) == (who, task)]
        last, steps, seconds = (np.mean([course[-1][name] for course in courses]) for name in ("return", *reversed(X)))
        best = np.mean([max(point["return"] for point in course) for course in courses])
        cells = [task, label(who), str(len(courses)), f"{last:.1f}", f"{best:.1f}", f"{steps:.0f}", f"{seconds:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def label(who: str) -> str:
    return f"{who}.yaml" if who in OURS else {"torchrl": "TorchRL", "tianshou": "Tianshou"}.get(who, who) + ", GAIL"


def draw(results: Results, path: Path) -> None:
    """Return against processor seconds and against environment steps, a row of axes for each task."""
    tasks = sorted({task for _, task, _ in results.of})
    figure, grid = plt.subplots(len(tasks), 2, figsize=(9, 3.2 * len(tasks)), layout="constrained", squeeze=False)
    colours = dict(zip((*OURS, *PEERS), plt.get_cmap("tab10").colors, strict=False))
    for (who, task, _), row in results.of.items():
        for axes, (name, words) in zip(grid[tasks.index(task)], X.items(), strict=True):
            course = [point for point in row["course"] if point[name] > 0]
            some = [*course[: -1 : 1 + len(course) // 100], course[-1]]
            points = [(point[name], point["return"]) for point in some]
            style = {"linestyle": "-" if who in OURS else "--", "marker": ".", "color": colours[who]}
            axes.plot(*np.reshape(points, (-1, 2)).T, label=label(who), **style)
            axes.set(xscale="log", title=task, xlabel=words, ylabel="return")
    by_label = dict(zip(*reversed(grid[0][0].get_legend_handles_labels()), strict=True))  # seeds share one
    grid[0][0].legend(by_label.values(), by_label.keys(), frameon=False, fontsize="small")
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--experts", type=Path, required=True)
    parser.add_argument("--venvs", type=Path, required=True)
    parser.add_argument("--tasks", nargs="*", default=["CartPole-v1"])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--times", type=float, default=10)
    parser.add_argument("--svg", type=Path)
    options = parser.parse_args()
    results = Results(options.results)
    for task in options.tasks:
        for seed in options.seeds:
            measure(results, options, task, seed)
    print(table(results))
    if options.svg:
        draw(results, options.svg)


if __name__ == "__main__":
    main()
