"""Learning curves as a picture in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import installing
from tutelage.nodes.screens.averaging import Curve

FORMATS = (".svg", ".png", ".pdf")


def write(path: Path, title: str, curves: Sequence[Curve]) -> None:
    """Draws all curves into one chart, their intervals shaded.

    Raises:
        Refusal: the file's name says no format that is known, or the extra that draws is not installed.
    """
    if path.suffix.lower() not in FORMATS:
        raise Refusal([Problem(path, f"end the file's name in one of {', '.join(FORMATS)}")])
    try:
        from matplotlib.figure import Figure  # without pyplot it needs no display
    except ModuleNotFoundError as error:
        raise Refusal([Problem(path, f"drawing needs an extra: {installing('plot')}")]) from error
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for curve in curves:
        (line,) = axes.plot(curve.steps, curve.mean, label=curve.text())
        axes.fill_between(curve.steps, curve.low, curve.high, alpha=0.2, color=line.get_color(), linewidth=0)
    axes.set(xlabel="environment steps", ylabel=title)
    axes.legend(frameon=False, fontsize="small")
    figure.savefig(path, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
