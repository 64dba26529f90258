"""The command line. Everything heavy is imported by the command that needs it, so that --help answers at once."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import click

from tutelage.teaching.demos.commands import demos

for _threads in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_threads] = "1"  # before numpy or torch is loaded: results must not depend on the cores


class Commands(click.Group):
    """Turns what is wrong with the user's input into one sentence and exit code 2."""

    def invoke(self, context: click.Context) -> Any:
        from tutelage.input.problems import Refusal, printable

        try:
            return super().invoke(context)
        except Refusal as error:
            click.echo(printable(str(error)), err=True)
            sys.exit(2)
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader is gone, which click itself knows
                raise
            click.echo(printable(f"{error.filename or context.info_name}: {error.strerror or error}"), err=True)
            sys.exit(2)
        except FloatingPointError as error:  # a number that is none: tutelage/finite.py
            click.echo(str(error), err=True)
            sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Imitation learning as a robot's node graph."""


main.add_command(demos)


TRUST = click.option("--trust", "trusted", is_flag=True, help="Run the code that it names, though made elsewhere.")


@main.command()
@click.argument("file", required=False)
@click.argument("arguments", nargs=-1)
@click.option("--args", "show_arguments", is_flag=True, help="Only list what can be set.")
@click.option("--dry-run", is_flag=True, help="Only show the resolved file and what would run.")
@click.option("--run-dir", help="Folder of the run; runs/<time>-<algorithm>-<environment> by default.")
@click.option("--one-process", is_flag=True, help="All nodes in this process, for debuggers; the result is the same.")
@click.option("--resume", metavar="RUN", help="Go on with a run that was cut off, instead of a FILE.")
@TRUST
def launch(
    file: str | None,
    arguments: tuple[str, ...],
    show_arguments: bool,
    dry_run: bool,
    run_dir: str | None,
    one_process: bool,
    resume: str | None,
    trusted: bool,
) -> None:
    """Start the graph of a launch FILE. name:=value sets its arguments."""
    from tutelage import launcher as launching

    if resume:
        sys.exit(launching.resume(resume, trusted))
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
@click.option(
    "--svg", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Draw a picture here instead."
)
def graph(file: str, arguments: tuple[str, ...], svg: Path | None) -> None:
    """Draw who says what to whom in a launch FILE."""
    from tutelage import launcher as launching
    from tutelage.drawing import text as drawing

    made = launching.graph(file, arguments)
    if svg:
        from tutelage.drawing import svg as picture

        svg.write_text(picture.svg(made))
    else:
        click.echo(drawing.text(made))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON schema.")
def messages(as_json: bool) -> None:
    """Print all that nodes can say to each other."""
    import tutelage.messages as ours
    from tutelage.drawing import text as drawing

    kinds = [getattr(ours, name) for name in ours.__all__]
    click.echo(drawing.schemas(kinds) if as_json else drawing.messages(kinds))


RUN = click.option("--run", help="Name or folder of a run that is going on; the newest by default.")
JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@main.group()
def node() -> None:
    """Look at the nodes that run on this machine."""


@node.command("list")
@JSON
def node_list(as_json: bool) -> None:
    """List the nodes of all runs: process, state, restarts."""
    from tutelage import output
    from tutelage.observers import runs
    from tutelage.supervision import registry

    rows = runs.nodes(registry.runs())
    text = output.table(runs.NodeRow._fields, rows) if rows else "no graph is running"
    click.echo(output.json_rows(rows) if as_json else text)


@node.command("log")
@click.argument("name")
@RUN
@click.option("--follow", is_flag=True, help="Go on with what is printed, until the run has ended.")
@click.option("--lines", type=click.IntRange(min=0), help="Only so many of the last lines.")
@JSON
def node_log(name: str, run: str | None, follow: bool, lines: int | None, as_json: bool) -> None:
    """Print what the node NAME has printed."""
    from tutelage import output
    from tutelage.observers import logs

    printed = logs.lines(logs.find(name, run), lines, follow)
    output.show(output.json_lines(printed) if as_json else printed)


@main.group()
def topic() -> None:
    """Look at what the nodes say while they say it, without a weight on them."""


@topic.command("list")
@RUN
@click.option("--rates", is_flag=True, help="Listen for 1.6 seconds how often something is said.")
@JSON
def topic_list(run: str | None, rates: bool, as_json: bool) -> None:
    """List the topics of a run: message type, who says it, who hears it."""
    from tutelage import output
    from tutelage.observers import runs

    rows = runs.topics(runs.running(run), rates)
    titles = runs.TopicRow._fields if rates else runs.TopicRow._fields[:-1]
    click.echo(output.json_rows(rows) if as_json else output.table(titles, (row[: len(titles)] for row in rows)))


@topic.command("echo")
@click.argument("topics", nargs=-1, required=True)
@RUN
@click.option("--count", type=click.IntRange(min=1), help="End after so many messages.")
@click.option("--full", is_flag=True, help="Print arrays whole.")
@JSON
def topic_echo(topics: tuple[str, ...], run: str | None, count: int | None, full: bool, as_json: bool) -> None:
    """Print the messages on TOPICS as they pass."""
    from tutelage import output
    from tutelage.observers import echo, runs

    echoed = echo.Echo(runs.running(run), list(topics), count, as_json, full)
    output.show(echoed.lines())
    click.echo(echoed.summary(), err=True)


@topic.command("hz")
@click.argument("topic")
@RUN
@click.option("--window", type=click.IntRange(min=2), default=1000, show_default=True, help="Messages to measure over.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many reports.")
@JSON
def topic_hz(topic: str, run: str | None, window: int, count: int | None, as_json: bool) -> None:
    """Measure how often something is said on TOPIC, and report it every second."""
    from tutelage import output
    from tutelage.observers import rate, runs

    output.show(rate.reports(runs.running(run), topic, window, count, as_json))


@main.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--episodes", type=click.IntRange(min=1), default=100, show_default=True, help="Episodes to play.")
@click.option("--sampled", is_flag=True, help="Sample the actions, instead of taking the most likely ones.")
@click.option("--seed", default=0, show_default=True, help="Of the episodes.")
@click.option("--render", help="A video file (video.mp4) of the first episodes, or `window`.")
@click.option("--weights", metavar="FILE", help="Of the run's folder, weights.interim.safetensors say; the final ones.")
@TRUST
def evaluate(
    run: Path, episodes: int, sampled: bool, seed: int, render: str | None, weights: str | None, trusted: bool
) -> None:
    """Play the final policy of a RUN and print its returns."""
    from tutelage.tasks import evaluation

    click.echo(evaluation.evaluate_run(run, episodes, sampled, seed, render, weights, trusted))


ROBOT = click.argument("robot", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@main.command()
@ROBOT
def doctor(robot: Path) -> None:
    """Check a ROBOT's file, port, rights, rate, latency, limits and watchdog. Nothing moves."""
    from tutelage.drivers.doctor import examine

    good = True
    for finding in examine(robot):
        click.echo(str(finding))
        good = good and finding.good is not False
    sys.exit(0 if good else 1)


@main.command()
@ROBOT
def calibrate(robot: Path) -> None:
    """Find zeros and directions of a ROBOT that you move by hand, and write them into its file."""
    from tutelage.drivers import calibration_session as calibrating

    found = calibrating.calibrate(robot, lambda text: click.prompt(text, default="", show_default=False))
    click.echo(f"written into {robot}: {', '.join(found)}")


@main.group()
def bag() -> None:
    """Record what nodes say, look at it, play it again. A FILE is a recording, or the folder of a recorded run."""


FILE = click.argument("file", type=click.Path(exists=True, path_type=Path))


@bag.command("record")
@click.argument("topics", nargs=-1)
@RUN
@click.option("--output", type=click.Path(path_type=Path), default=Path("recording.mcap"), show_default=True)
@click.option("--seconds", type=click.FloatRange(min=0), help="End after so long; else with the run, or by Ctrl-C.")
def bag_record(topics: tuple[str, ...], run: str | None, output: Path, seconds: float | None) -> None:
    """Record TOPICS of a running graph from outside; all of them without names."""
    from tutelage.input.problems import Problem, Refusal
    from tutelage.observers import runs
    from tutelage.observers.capture import Capture

    if output.exists():
        raise Refusal([Problem(output, "there is such a file already: name another by --output")])
    capture = Capture(runs.running(run), topics, output)
    capture.record(seconds)
    click.echo(capture.summary(), err=True)


@bag.command("info")
@FILE
@JSON
def bag_info(file: Path, as_json: bool) -> None:
    """Tell what is in a recording: topics, counts, rates, losses, damage. Exit code 1: some of it is damaged."""
    from tutelage.recording import search as finding
    from tutelage.recording.summary import Summary

    summary = Summary(finding.find(file))
    click.echo(summary.as_json() if as_json else summary.text())
    sys.exit(bool(summary.reader.damages))


@bag.command("play")
@FILE
@click.option("--node", "nodes", multiple=True, help="Only in place of this node, the others live. May be repeated.")
@click.option("--rate", type=click.FloatRange(min=0), default=1.0, show_default=True, help="0: as fast as it can be.")
@click.option("--skip", type=click.FloatRange(min=0), default=0.0, help="Seconds to leave out at the beginning.")
@click.option("--run-dir", help="Folder of the run that this is.")
@TRUST
def bag_play(file: Path, nodes: tuple[str, ...], rate: float, skip: float, run_dir: str | None, trusted: bool) -> None:
    """Say again what was recorded, as a graph: all of it, or in place of some nodes."""
    from tutelage import replay as replaying

    sys.exit(replaying.play(file, nodes, rate, skip, run_dir, trusted))


@bag.command("export")
@FILE
@click.argument("target", type=click.Path(path_type=Path))
def bag_export(file: Path, target: Path) -> None:
    """Write a recording as TARGET: .mcap has JSON messages, as Foxglove reads them; .npz arrays by topic and field."""
    from tutelage.input.problems import printable
    from tutelage.recording import export
    from tutelage.recording import search as finding

    for damage in export.export(finding.find(file), target).damages:
        click.echo(printable(str(damage)), err=True)


@main.command()
@click.argument("run", type=click.Path(exists=True, path_type=Path))
@JSON
@TRUST
def verify(run: Path, as_json: bool, trusted: bool) -> None:
    """Play each node of a recorded RUN on what it heard, and compare all that it says. Exit code 1: one differs."""
    from tutelage import output
    from tutelage import replay as replaying
    from tutelage.recording import verification as verifying

    verdicts = replaying.verify(run, trusted)
    click.echo(output.json_rows(verdicts) if as_json else verifying.text(verdicts))
    sys.exit(any(verdict.verdict == "differs" for verdict in verdicts))


if __name__ == "__main__":
    main()
