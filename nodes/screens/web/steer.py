"""The part of the page that steers a run: restart a node, change a setting, end the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nicegui import run, ui

from tutelage.graph import Graph
from tutelage.input.problems import Refusal
from tutelage.observers import parameters, runs
from tutelage.supervision import control, roles


def steer(run_dir: Path, graph: Graph) -> None:
    """Builds it. What it does goes through the launcher, which refuses what cannot be done."""

    async def order(asked: Callable[[], str]) -> None:
        try:
            ui.notify(await run.io_bound(asked), type="positive")
        except Refusal as refusal:
            ui.notify(str(refusal), type="negative")

    def ask(**question: object) -> Callable[[], str]:
        return lambda: control.ask(runs.running(str(run_dir)).socket_dir, **question)

    with ui.row(wrap=True).classes("items-center gap-2"):
        ours = [plan.name for plan in graph.nodes if not roles.acts_on_the_world(plan)]
        node = ui.select(ours, value=ours[0], label="restart a node").props("dense").classes("w-40")
        ui.button("restart", on_click=lambda: order(ask(do="restart", node=node.value))).props("outline dense")
        ui.button("end the run", on_click=lambda: order(ask(do="interrupt"))).props("outline dense color=negative")
    if graph.arguments.get("steering"):
        _settings(run_dir, graph, order)


def _settings(run_dir: Path, graph: Graph, order: Callable[[Callable[[], str]], object]) -> None:
    """A field for each setting that may change, with the value that it has."""
    with ui.row(wrap=True).classes("items-center gap-4"):
        for row in parameters.rows_of(run_dir, graph):
            if row.steerable:
                _field(run_dir, row, order)


def _field(run_dir: Path, row: parameters.ParameterRow, order: Callable[[Callable[[], str]], object]) -> None:
    title = f"{row.node}: {row.parameter.replace('_', ' ')}"
    field = ui.number(title, value=row.value).props("dense").tooltip(row.meaning).classes("w-56")

    def change() -> object:
        return order(lambda: parameters.change(runs.running(str(run_dir)), row.node, row.parameter, field.value))

    field.on("change", change)  # Enter, or the field is left with another value
