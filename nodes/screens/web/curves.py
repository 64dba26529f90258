"""Learning curves as SVG: a few lines over environment steps, and levels to compare them with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from tutelage.tasks.measured import STEPS

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT, LEFT, FOOT = 420, 190, 52, 22
MOST = 150
"""points that are drawn of a line"""

COLOURS = ("#3f7fd1", "#d08030", "#2f9a74", "#c6526e", "#8763c4", "#8f8330")

CHARTS = {
    "return": ("rollout/ep_rew_mean", "eval/mean_reward"),
    "discriminator's accuracy": ("discriminator/accuracy_expert", "discriminator/accuracy_policy"),
    "losses": ("discriminator/loss", "train/value_loss", "train/critic_loss", "bc/loss", "bc/loss_held_out"),
    "entropy": ("train/entropy", "train/entropy_loss", "train/temperature"),
    "corrections": ("dagger/labels", "dagger/corrections", "dagger/corrected_steps"),
}
"""The names in metrics.jsonl that share a chart."""


class Measured:
    """The measurements in a run's metrics.jsonl, read as they come.

    Attributes:
        points: (environment steps, value) by name; rollouts in a run without steps, for example bc.yaml.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.points: dict[str, list[tuple[float, float]]] = {}
        self._read, self._each = 0, 0.0  # bytes; environment steps of a rollout, once they are known

    def update(self) -> None:
        """Reads what is new. A restarted report cuts the file: then all is read anew."""
        if not self.path.exists():
            return
        if self.path.stat().st_size < self._read:
            self.__init__(self.path)  # type: ignore[misc]
        with self.path.open("rb") as file:
            file.seek(self._read)
            whole = file.read().rpartition(b"\n")[0]
        self._read += len(whole) + 1 if whole else 0
        for line in whole.splitlines():
            self._add(json.loads(line))

    def _add(self, row: dict[str, float]) -> None:
        rollouts = row.get("rollout", 0) + 1
        if STEPS in row and not self._each:
            self._each = row[STEPS] / rollouts
            self.points = {name: [(x * self._each, y) for x, y in points] for name, points in self.points.items()}
        x = row.get(STEPS, rollouts * (self._each or 1))
        for name, value in row.items():
            if "/" in name and isinstance(value, int | float):
                self.points.setdefault(name, []).append((x, value))

    def charts(self, levels: Mapping[str, Mapping[str, float]]) -> dict[str, str]:
        """SVG by title, of those charts of which something was measured; `levels` are lines across, by chart."""
        shown = {
            title: {name: self.points[name] for name in names if name in self.points} for title, names in CHARTS.items()
        }
        return {title: svg(title, lines, levels.get(title, {})) for title, lines in shown.items() if lines}


def svg(title: str, lines: Mapping[str, Points], levels: Mapping[str, float]) -> str:
    """One chart: the lines with their names, and the levels dashed."""
    few = {name: _thinned(points) for name, points in lines.items()}
    xs = [x for points in few.values() for x, _ in points]
    ys = [*(y for points in few.values() for _, y in points), *levels.values()]
    low, high = min(ys), max(ys)
    low, high = (low, high) if high > low else (low - 1, high + 1)
    right, top = max(xs), high

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - 6) * x / (right or 1)
        return across, 8 + (HEIGHT - FOOT - 8) * (top - y) / (high - low)

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + 16 * (len(few) + len(levels))}" role="img" aria-label="{escape(title)}">'
    ]
    for value in (low, (low + high) / 2, high):
        _, y = place(0, value)
        parts += [
            f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - 6}"/>',
            _text(LEFT - 6, y + 4, f"{value:.3g}", "end"),
        ]
    parts += [_text(LEFT, HEIGHT - 4, "0"), _text(WIDTH - 6, HEIGHT - 4, f"{right:,.0f}", "end")]
    for i, (name, points) in enumerate(few.items()):
        path = "L".join("{:.1f} {:.1f}".format(*place(x, y)) for x, y in points)
        colour = COLOURS[i % len(COLOURS)]
        parts.append(f'<path class="line" stroke="{colour}" d="M{path}"/>')
        parts += _legend(HEIGHT + 16 * i, colour, f"{name}  {points[-1][1]:.4g}", "")
    for i, (name, level) in enumerate(levels.items(), start=len(few)):
        _, y = place(0, level)
        parts.append(f'<path class="level" d="M{LEFT} {y:.1f}H{WIDTH - 6}"/>')
        parts += _legend(HEIGHT + 16 * i, "currentColor", f"{name}  {level:.4g}", 'stroke-dasharray="4 3"')
    return "".join([*parts, "</svg>"])


def _thinned(points: Points) -> Points:
    """At most MOST of the points, evenly spread, the last one included."""
    every = -(-len(points) // MOST)
    return points[::-1][::every][::-1]


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _legend(y: float, colour: str, words: str, dashes: str) -> list[str]:
    sample = f'<path stroke="{colour}" stroke-width="2" {dashes} d="M{LEFT} {y + 6}h18"/>'
    return [sample, _text(LEFT + 24, y + 10, words)]
