"""Learning curves of runs that differ only in their seed, as a mean over seeds and an interval."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tutelage.graph import Graph
from tutelage.input.problems import Problem, Refusal, complain, did_you_mean, printable
from tutelage.nodes.screens.web.curves import RETURNS, Measured
from tutelage.observers.steered import STEERED

DRAWS = 1000
"""How often seeds are drawn anew for the interval."""


class Curve(NamedTuple):
    """What was measured over environment steps, as a mean over `seeds` runs.

    `low` to `high` holds 95 % of the means of runs that are drawn anew from these, with replacement (bootstrap).
    """

    label: str
    seeds: int
    steps: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def text(self) -> str:
        """Its label and where it ends."""
        many = "" if self.seeds == 1 else f", {self.seeds} seeds: {self.low[-1]:.4g} to {self.high[-1]:.4g}"
        return f"{self.label}: {self.mean[-1]:.4g} after {self.steps[-1]:,.0f} steps{many}"


def curves(runs: Iterable[Path], metric: str | None) -> tuple[str, list[Curve]]:
    """What is shown, and a curve for each group of runs that have the same arguments but the seed.

    Args:
        metric: a name in metrics.jsonl; by default the return, of training or of the evaluations on the way.

    Raises:
        Refusal: nothing was measured in any folder, one has no such measurement, or a group's runs have no steps in
            common.
    """
    points = {run: _points(run) for run in dict.fromkeys(run.resolve() for run in runs)}
    for run in [run for run, measured in points.items() if not measured]:
        complain(f"{run}: is left out, since nothing was learned there")
        del points[run]
    if not points:
        raise Refusal([Problem("runs", "nothing was learned in these folders: name those of runs that learned")])
    metric = metric or next((n for n in RETURNS if all(n in p for p in points.values())), RETURNS[0])
    wrong = [run for run, measured in points.items() if metric not in measured]
    if wrong:
        raise Refusal([Problem(run, f"has no '{metric}'; {did_you_mean(metric, points[run])}") for run in wrong])
    groups: dict[str, list[Path]] = {}
    for run in points:
        groups.setdefault(json.dumps(_settings(run), sort_keys=True), []).append(run)
    labels = _labels([json.loads(group) for group in groups])
    named = zip(labels, groups.values(), strict=True)
    return metric, [averaged(label, [np.array(points[run][metric]) for run in group]) for label, group in named]


def averaged(label: str, measured: list[np.ndarray]) -> Curve:
    """The mean of curves [points, (steps, value)] over the steps that all of them have."""
    first, last = max(one[0, 0] for one in measured), min(one[-1, 0] for one in measured)
    steps = np.unique(np.concatenate([one[:, 0] for one in measured]))
    steps = steps[(first <= steps) & (steps <= last)]
    if not steps.size:
        raise Refusal([Problem(label, "these runs have no steps in common: plot them one by one")])
    values = np.array([np.interp(steps, one[:, 0], one[:, 1]) for one in measured])
    drawn = np.random.default_rng(0).integers(len(values), size=(DRAWS, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975), axis=0)
    return Curve(label, len(values), steps, values.mean(axis=0), low, high)


def _points(run: Path) -> dict[str, list[tuple[float, float]]]:
    measured = Measured(run / "metrics.jsonl", sys.maxsize)
    measured.update()
    if measured.damaged:
        complain(f"{measured.path}: this file is damaged: {measured.damaged} of its lines are left out")
    return {name: measured.points(name) for name in measured.courses}


def _settings(run: Path) -> dict[str, Any]:
    """What makes runs comparable: the algorithm and all arguments but the seed, and those that change no result."""
    graph = Graph.of_run(run)
    steered = any(run.glob(STEERED.format("*")))
    nothing = {"seed", "dashboard", "tensorboard", "foxglove", "record", "keep", *(() if steered else ("steering",))}
    return {"algorithm": graph.name} | {name: value for name, value in graph.arguments.items() if name not in nothing}


def _labels(groups: list[dict[str, Any]]) -> list[str]:
    """A label for each group: its algorithm, its environment, and the arguments in which the groups differ."""
    names = dict.fromkeys(name for group in groups for name in group if name not in ("algorithm", "env"))
    differ = [name for name in names if len({json.dumps(group.get(name)) for group in groups}) > 1]
    given = [" ".join(f"{name}:={group.get(name)}" for name in differ) for group in groups]
    heads = [f"{group['algorithm']} {group.get('env', '')}" for group in groups]
    return [printable(f"{head} {more}".strip(), keep="") for head, more in zip(heads, given, strict=True)]
