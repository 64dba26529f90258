"""The command line. Everything heavy is imported by the command that needs it, so that --help answers at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

for _threads in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")  # before numpy or torch is loaded: results must not depend on the cores


class Commands(click.Group):
    """Turns what is wrong with the user's input into one sentence and exit code 2."""

    def invoke(self, context: click.Context) -> Any:
        from tutelage.problems import LaunchError

        try:
            return super().invoke(context)
        except LaunchError as error:
            click.echo(str(error), err=True)
            sys.exit(2)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Imitation learning as a robot's node graph."""


@main.command()
@click.argument("file", required=False)
@click.argument("arguments", nargs=-1)
@click.option("--args", "show_arguments", is_flag=True, help="Only list what can be set.")
@click.option("--dry-run", is_flag=True, help="Only show the resolved file and what would run.")
@click.option("--run-dir", help="Folder of the run; runs/<time>-<algorithm>-<environment> by default.")
@click.option("--one-process", is_flag=True, help="All nodes in this process, for debuggers; the result is the same.")
@click.option("--resume", metavar="RUN", help="Go on with a run that was cut off, instead of a FILE.")
def launch(
    file: str | None,
    arguments: tuple[str, ...],
    show_arguments: bool,
    dry_run: bool,
    run_dir: str | None,
    one_process: bool,
    resume: str | None,
) -> None:
    """Start the graph of a launch FILE. name:=value sets its arguments."""
    from tutelage import launching

    if resume:
        sys.exit(launching.resume(resume))
    if file is None:
        raise click.UsageError("name a launch file, gail.yaml for one")
    if show_arguments:
        click.echo(launching.arguments_text(file))
    elif dry_run:
        click.echo(launching.resolved_text(file, arguments))
    else:
        sys.exit(launching.launch(file, arguments, run_dir, one_process))


@main.command()
@click.argument("file")
@click.argument("arguments", nargs=-1)
def graph(file: str, arguments: tuple[str, ...]) -> None:
    """Draw who says what to whom in a launch FILE."""
    from tutelage import drawing, launching

    click.echo(drawing.text(launching.graph(file, arguments)))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON schema.")
def messages(as_json: bool) -> None:
    """Print all that nodes can say to each other."""
    import messages as ours
    from tutelage import drawing

    kinds = [getattr(ours, name) for name in ours.__all__]
    click.echo(drawing.schemas(kinds) if as_json else drawing.messages(kinds))


@main.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--episodes", default=100, show_default=True, help="Episodes to play.")
@click.option("--sampled", is_flag=True, help="Sample the actions, instead of taking the most likely ones.")
@click.option("--seed", default=0, show_default=True, help="Of the episodes.")
@click.option("--render", help="A video file (video.mp4) of the first episodes, or `window`.")
def evaluate(run: Path, episodes: int, sampled: bool, seed: int, render: str | None) -> None:
    """Play the final policy of a RUN and print its returns."""
    from nodes import evaluation

    click.echo(evaluation.evaluate_run(run, episodes, sampled, seed, render))


if __name__ == "__main__":
    main()
