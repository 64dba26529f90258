"""`tutelage evaluate` and `tutelage export`: what a run has learned is played, or taken elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from tutelage import completion
from tutelage.options import TRUST


@click.command()
@click.argument("run", type=click.Path(exists=True, path_type=Path), shell_complete=completion.finished_runs)
@click.option("--episodes", type=click.IntRange(min=1), default=100, show_default=True, help="Episodes to play.")
@click.option("--sampled", is_flag=True, help="Sample the actions, instead of taking the most likely ones.")
@click.option("--seed", default=0, show_default=True, help="Of the episodes.")
@click.option("--render", help="A video file (video.mp4) of the first episodes, or `window`.")
@click.option(
    "--weights", metavar="FILE", help="A file in the run's folder, for example kept/best.safetensors (see keep:=)."
)
@TRUST
def evaluate(
    run: Path, episodes: int, sampled: bool, seed: int, render: str | None, weights: str | None, trusted: bool
) -> None:
    """Play the final policy of a RUN, or a file of weights in its folder, and print its returns."""
    from tutelage.tasks import evaluation

    click.echo(evaluation.evaluate_run(run, episodes, sampled, seed, render, weights, trusted))


@click.command()
@click.argument("run", type=click.Path(exists=True, path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--env", help="The environment, of a file of weights that is in no run's folder.")
def export(run: Path, target: Path, env: str | None) -> None:
    """Write the policy of a RUN as TARGET, an ONNX file: observations to likeliest actions, for any runtime."""
    from tutelage.tasks import onnx_export

    click.echo(onnx_export.export(run, target, env))
