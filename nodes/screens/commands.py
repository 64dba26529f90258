"""`tutelage plot`: the learning curves of several runs."""

from __future__ import annotations

from pathlib import Path

import click

from tutelage import completion


@click.command()
@click.argument(
    "runs",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    shell_complete=completion.finished_runs,
)
@click.option("--metric", help="A name in metrics.jsonl; the return by default.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file .svg, .png or .pdf.")
def plot(runs: tuple[Path, ...], metric: str | None, output: Path | None) -> None:
    """Draw the learning curves of RUNS, in the terminal or into a file.

    Runs that have the same arguments but the seed are one curve: their mean, and the 95 % interval of it.
    """
    import shutil

    from tutelage.nodes.screens import averaging, braille, figure

    shown, curves = averaging.curves(runs, metric)
    if output:
        figure.write(output, shown, curves)
    else:
        click.echo(braille.chart(shown, curves, shutil.get_terminal_size().columns))
