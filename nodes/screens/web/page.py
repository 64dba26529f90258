"""The page of a run: what there is to show. A browser draws it (watch.js); this process only says what is new."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from tutelage.drawing.svg import svg
from tutelage.files import durable
from tutelage.files.naming import file_name
from tutelage.graph import Graph
from tutelage.nodes.screens.web import steer
from tutelage.nodes.screens.web.curves import Measured, Points
from tutelage.nodes.screens.web.episodes import Episodes
from tutelage.nodes.screens.web.facts import Facts, Figure
from tutelage.supervision import registry
from tutelage.tasks.known import picture_of

DRAW_SECONDS = 2.0
LOG_LINES, LINE_BYTES = 100, 400

TEMPLATE = Template((Path(__file__).parent / "page.html").read_text())


class Page:
    """The page of a run.

    Attributes:
        said: what its messages say, by name; all else is in its folder.
        env: the name of its task.
        html: what a browser gets first. It is made once, so that who opens a page holds up nobody who drives.
        random: the mean return of random actions, if it is known.
    """

    def __init__(self, run_dir: Path, said: Callable[[], Facts], env: str | None = None, above: str = "") -> None:
        """`above` is HTML at its beginning."""
        self.run_dir, self.said, self.report = run_dir, said, run_dir / "report.json"
        self.graph = Graph.of_run(run_dir)
        self.env = env or _env_of(self.graph)
        self.measured, self.episodes = Measured(run_dir / "metrics.jsonl"), Episodes()
        self.random: float | None = None
        self.html = TEMPLATE.substitute(
            launch=escape(self.graph.name),
            env=escape(self.env),
            run=escape(run_dir.name),
            above=above,
            graph=svg(self.graph, style=""),
        )
        self._facts: Facts = {}
        self._due = 0.0

    def facts(self) -> Facts:
        """All that there is to show, at most DRAW_SECONDS old."""
        if (now := time.monotonic()) >= self._due:
            self._due = now + DRAW_SECONDS / 2
            self._facts = self._gathered()
        return self._facts

    @property
    def ended(self) -> bool:
        """Whether the run has ended."""
        return self.report.exists()

    def refresh(self) -> None:
        """Something has been changed: the next facts are new."""
        self._due = 0.0

    def _gathered(self) -> Facts:
        self.measured.update()
        said = self.said()
        levels = {"random actions": round(self.random, 1)} if self.random is not None else {}
        curves = {f"curve {name}": _few_digits(self.measured.points(name)) for name in self.measured.courses}
        return {
            **said,
            "levels": {**said["levels"], **levels},
            **curves,
            **self.episodes.facts(),
            "nodes": self._listed() | said["nodes"],
            "arguments": [[name, str(value)] for name, value in self.graph.arguments.items()],
            "logs": {plan.name: "\n".join(self.log(plan.name, 1)) for plan in self.graph.nodes},
            "restartable": [] if self.ended else steer.restartable(self.graph),
            "settings": [] if self.ended else steer.settings(self.run_dir, self.graph),
            "report": _figures(self.report) if self.ended else [],
        }

    def _listed(self) -> Facts:
        """The state of each node by its process, where its messages do not say it."""
        path = self.run_dir / "processes.json"
        if not path.exists() or self.ended:
            return {}
        return {name: _node(listed) for name, listed in durable.read_json(path)["nodes"].items()}

    def log(self, node: str, lines: int = LOG_LINES) -> list[str]:
        """The last lines of a node's log.

        Raises:
            ValueError: there is no such node.
        """
        if node not in [plan.name for plan in self.graph.nodes]:
            raise ValueError(f"{node}: no such node")
        path = self.run_dir / "logs" / f"{file_name(node)}.log"
        if not path.exists():
            return []
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LINE_BYTES * lines))
            return [*deque(file.read().decode(errors="replace").splitlines(), lines)]

    def replay(self, number: int) -> list[str]:
        """The pictures of an episode.

        Raises:
            LookupError: it is not shown.
        """
        return self.episodes.replay(number, picture_of(self.env))


def _node(listed: dict[str, Any]) -> Facts:
    state = "ended" if listed["ended"] else "running" if registry.alive(listed["pid"]) else "dead"
    return {"state": state, "restarts": listed["restarts"], "lost": 0, "published": {}}


def _few_digits(points: Points) -> Points:
    return [(x, float(f"{y:.4g}")) for x, y in points]


def _env_of(graph: Graph) -> str:
    env = next((node.parameters["env"] for node in graph.nodes if node.parameters.get("env")), "")
    return str(env["id"] if isinstance(env, dict) else env)


def _figures(report: Path) -> list[Figure]:
    """The figures of a run that has ended."""
    return [Figure(name.replace("_", " "), str(value)) for name, value in durable.read_json(report).items()]
