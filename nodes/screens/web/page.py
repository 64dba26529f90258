"""What the page shows of a run: figures, curves, the graph and its nodes, arguments, demonstrations and logs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from nicegui import ui

from tutelage.drawing.svg import svg
from tutelage.files.naming import file_name
from tutelage.graph import Graph
from tutelage.nodes.screens.screen import line
from tutelage.nodes.screens.web.curves import Measured
from tutelage.nodes.screens.web.steer import steer
from tutelage.teaching.progress import Progress

DRAW_SECONDS = 2.0
LOG_LINES, LOG_BYTES = 200, 65536

STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif }
h2 { font-size: 1.05rem; font-weight: 650; margin: 1.2rem 0 .3rem }
.figures { font-variant-numeric: tabular-nums; white-space: pre-wrap }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 1rem }
.charts svg { width: 100%; height: auto } .charts text { font-size: 11px; fill: currentColor }
.grid { stroke: currentColor; opacity: .15 } .line { fill: none; stroke-width: 1.8 }
.level { stroke: currentColor; opacity: .6; stroke-dasharray: 4 3 }
.graph { overflow-x: auto } .body--dark .graph svg { filter: invert(1) hue-rotate(180deg) }
table { border-collapse: collapse } td, th { text-align: left; padding: .15rem .9rem .15rem 0; vertical-align: top }
pre.log { max-height: 22rem; overflow: auto; font-size: 12px; white-space: pre-wrap }
.bad { color: #d33; font-weight: 600 }
"""


class Page:
    """The page of a run. `progress` is what its messages say; all else is in its folder; `above` is HTML above it.

    Attributes:
        lock: who changes `progress` holds it.
    """

    def __init__(self, run_dir: Path, progress: Progress, above: str = "") -> None:
        self.run_dir, self.progress, self.above, self.lock = run_dir, progress, above, threading.Lock()
        self.graph = Graph.of_run(run_dir)
        self.measured = Measured(run_dir / "metrics.jsonl")

    def show(self) -> None:
        """Builds the page for one browser, and keeps it up to date."""
        ui.add_css(STYLE)
        ui.add_body_html(self.above)
        ui.label(f"{self.graph.name}: {self.run_dir.name}").classes("text-xl font-semibold")
        self._kept("", self._figures)
        self._kept("Learning", self._charts)
        self._kept("Nodes", self._nodes)
        if not (self.run_dir / "report.json").exists():
            _heading("Steer")
            steer(self.run_dir, self.graph)
        _heading("Graph")
        ui.html(f'<div class="graph">{svg(self.graph)}</div>', sanitize=False).classes("w-full")
        self._kept("Demonstrations", self._demonstrations)
        _heading("Arguments")
        ui.html(_table(("argument", "value"), list(self.graph.arguments.items())), sanitize=False)
        _heading("Log")
        names = [node.name for node in self.graph.nodes]
        chosen = ui.select(names, value=names[0], label="node").props("dense")
        self._kept("", lambda: self._log(str(chosen.value)))

    def _kept(self, heading: str, made: Callable[[], str]) -> None:
        """A part of the page that is made anew, if it has changed, as long as somebody looks."""
        title = _heading(heading) if heading else None
        part = ui.html("", sanitize=False).classes("w-full")

        def draw() -> None:
            with self.lock:
                content = made()
            if content != part.content:
                part.set_content(content)
            if title:
                title.set_visibility(bool(content))

        draw()
        ui.timer(DRAW_SECONDS, draw)

    def _figures(self) -> str:
        safety = self.progress.safety
        bad = "bad" if safety and safety.state in ("stopped", "fault") else ""
        report = self.run_dir / "report.json"
        said = line(self.progress) if self.progress.started or not report.exists() else _ended(report)
        return f'<div class="figures {bad}" role="status">{escape(said)}</div>'

    def _charts(self) -> str:
        self.measured.update()
        expert = self.progress.expert_return
        levels = {"return": {"expert": expert}} if expert is not None else {}
        charts = self.measured.charts(levels)
        return '<div class="charts">' + "".join(charts.values()) + "</div>" if charts else ""

    def _nodes(self) -> str:
        now, rows = time.monotonic(), []
        for name, node in sorted(self.progress.nodes.items()):
            silent = node.silent_seconds(now)
            state = "ended" if node.ended else f"silent for {silent:.0f} s" if silent else "runs"
            said, heard = (_rates(node.rates(way, now)) for way in ("said", "heard"))
            rows.append((name, state, node.last.restarts or "", node.lost or "", said, heard))
        return _table(("node", "state", "restarts", "lost", "says, a second", "hears, a second"), rows) if rows else ""

    def _demonstrations(self) -> str:
        returns = self.progress.expert_returns
        return _table(("episode", "return"), [(i, f"{value:.1f}") for i, value in returns.items()]) if returns else ""

    def _log(self, node: str) -> str:
        path = self.run_dir / "logs" / f"{file_name(node)}.log"
        if not path.exists():
            return '<pre class="log" tabindex="0">(nothing yet)</pre>'
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_BYTES))
            lines = file.read().decode(errors="replace").splitlines()[-LOG_LINES:]
        return f'<pre class="log" tabindex="0">{escape(chr(10).join(lines))}</pre>'


def _heading(text: str) -> ui.html:
    return ui.html(f"<h2>{escape(text)}</h2>", sanitize=False)


def _table(titles: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    def cells(kind: str, row: tuple[object, ...]) -> str:
        return "<tr>" + "".join(f"<{kind}>{escape(str(cell))}</{kind}>" for cell in row) + "</tr>"

    return "<table>" + cells("th", titles) + "".join(cells("td", row) for row in rows) + "</table>"


def _rates(rates: dict[str, float]) -> str:
    return "  ".join(f"{topic} {rate:.0f}" for topic, rate in rates.items() if rate)


def _ended(report: Path) -> str:
    """The figures of a run that has ended, a line each."""
    return "\n".join(f"{name}: {value}" for name, value in json.loads(report.read_text()).items())
