"""Commands of the machinery: start, draw, record, replay and verify a graph."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tutelage import completion as complete
from tutelage.completion_scripts import HOW, SCRIPTS
from tutelage.options import JSON, RUN, TRUST

FILE = click.argument("file", type=click.Path(exists=True, path_type=Path))


@click.command()
@click.argument("file", required=False, shell_complete=complete.launch_files)
@click.argument("arguments", nargs=-1, shell_complete=complete.arguments)
@click.option("--args", "show_arguments", is_flag=True, help="Only list the arguments.")
@click.option("--dry-run", is_flag=True, help="Only show the resolved launch file.")
@click.option("--run-dir", help="Folder of the run; runs/<time>-<algorithm>-<environment> by default.")
@click.option("--one-process", is_flag=True, help="Run all nodes in this process, for debuggers; same result.")
@click.option(
    "--resume",
    metavar="RUN",
    shell_complete=complete.finished_runs,
    help="Continue a RUN, instead of a FILE; budget:=N extends a finished one.",
)
@click.option(
    "--listen", metavar="ADDRESS[:PORT]", default="", help="This machine's address, for nodes with a `host:`."
)
@click.option(
    "--ray", metavar="ADDRESS:PORT", default="", help="Ray's head node: it finds machines for nodes with an `on:`."
)
@TRUST
def launch(
    file: str | None,
    arguments: tuple[str, ...],
    show_arguments: bool,
    dry_run: bool,
    run_dir: str | None,
    one_process: bool,
    resume: str | None,
    listen: str,
    ray: str,
    trusted: bool,
) -> None:
    """Start the graph of a launch FILE. name:=value sets its arguments."""
    others = {"--args": show_arguments, "--dry-run": dry_run, "--run-dir": run_dir, "--one-process": one_process}
    if resume and (refused := [option for option, given in others.items() if given]):
        raise click.UsageError(f"--resume goes on with a run as it is: leave out {' and '.join(refused)}")
    if file and show_arguments:
        from tutelage.launchfiles.usage import usage

        click.echo(usage(file))
        return
    from tutelage import launcher
    from tutelage.supervision.child import flush_and_leave
    from tutelage.supervision.machines.elsewhere import Elsewhere

    elsewhere = Elsewhere(listen, ray)
    if resume:
        words = (file, *arguments) if file else ()
        flush_and_leave(launcher.resume(resume, words, trusted, elsewhere))
    if trusted:
        raise click.UsageError("--trust is for --resume alone: name an environment that is code by env:=")
    if file is None:
        raise click.UsageError("name a launch file, for example gail.yaml")
    if dry_run:
        click.echo(launcher.resolved_text(file, arguments))
    elif one_process:  # the nodes ran here, and what they have loaded may have to be closed
        sys.exit(launcher.launch(file, arguments, run_dir, one_process, elsewhere))
    else:  # Python would take a tenth of a second to forget torch
        flush_and_leave(launcher.launch(file, arguments, run_dir, elsewhere=elsewhere))


@click.command()
@click.argument("file", shell_complete=complete.launch_files)
@click.argument("arguments", nargs=-1, shell_complete=complete.arguments)
@click.option(
    "--svg", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Draw into this file instead."
)
def graph(file: str, arguments: tuple[str, ...], svg: Path | None) -> None:
    """Draw the nodes of a launch FILE and their topics."""
    from tutelage import launcher
    from tutelage.drawing import text

    made = launcher.graph(file, arguments)
    if svg:
        from tutelage.drawing import svg as picture

        svg.write_text(picture.svg(made))
    else:
        click.echo(text.text(made))


@click.command()
@click.argument("module", default="messages")
@click.option("--json", "as_json", is_flag=True, help="As JSON schema.")
def messages(module: str, as_json: bool) -> None:
    """Print all message types, one by its name, or those of a MODULE of your own."""
    from tutelage.drawing import text

    sys.path.append(str(Path.cwd()))
    ours = [kind for kind in text.message_types("messages") if kind.__name__ == module]
    kinds = ours or text.message_types(module)
    click.echo(text.schemas(kinds) if as_json else text.messages(kinds))


@click.group()
def bag() -> None:
    """Record messages, inspect, replay and export them. A FILE is a recording, or the folder of a recorded run."""


@bag.command("record")
@click.argument("topics", nargs=-1, shell_complete=complete.topics)
@RUN
@click.option("--output", type=click.Path(path_type=Path), default=Path("recording.mcap"), show_default=True)
@click.option("--seconds", type=click.FloatRange(min=0), help="Stop after this time; else with the run, or on Ctrl-C.")
def bag_record(topics: tuple[str, ...], run: str | None, output: Path, seconds: float | None) -> None:
    """Record TOPICS of a running graph, or all topics if none is named."""
    from tutelage.input.problems import Problem, Refusal
    from tutelage.observers import runs
    from tutelage.observers.capture import Capture

    if output.exists():
        raise Refusal([Problem(output, "this file exists already: name another by --output")])
    capture = Capture(runs.running(run), topics, output)
    capture.record(seconds)
    click.echo(capture.summary(), err=True)


@bag.command("info")
@FILE
@JSON
def bag_info(file: Path, as_json: bool) -> None:
    """Show what is in a recording: topics, counts, rates, losses, damage. Exit code 1: some of it is damaged."""
    from tutelage.recording import search
    from tutelage.recording.summary import Summary

    summary = Summary(search.find(file))
    click.echo(summary.as_json() if as_json else summary.text())
    sys.exit(bool(summary.reader.damages))


@bag.command("play")
@FILE
@click.option("--node", "nodes", multiple=True, help="Replay only this node; the others run live. May be repeated.")
@click.option("--rate", type=click.FloatRange(min=0), default=1.0, show_default=True, help="0: as fast as possible.")
@click.option("--skip", type=click.FloatRange(min=0), default=0.0, help="Seconds to skip at the beginning.")
@click.option("--run-dir", help="Folder of the new run.")
@TRUST
def bag_play(file: Path, nodes: tuple[str, ...], rate: float, skip: float, run_dir: str | None, trusted: bool) -> None:
    """Replay a recording as a graph: all of its nodes, or only some."""
    from tutelage import replay

    sys.exit(replay.play(file, nodes, rate, skip, run_dir, trusted))


@bag.command("export")
@FILE
@click.argument("target", type=click.Path(path_type=Path))
def bag_export(file: Path, target: Path) -> None:
    """Write a recording as TARGET: .mcap with JSON messages, for Foxglove; .npz with arrays by topic and field."""
    from tutelage.input.problems import printable
    from tutelage.recording import export, search

    for damage in export.export(search.find(file), target).damages:
        click.echo(printable(str(damage)), err=True)


@click.command()
@click.argument("run", type=click.Path(exists=True, path_type=Path), shell_complete=complete.finished_runs)
@JSON
@TRUST
def verify(run: Path, as_json: bool, trusted: bool) -> None:
    """Replay each node of a recorded RUN on its recorded input, and compare its messages.

    Exit code 1: a node differs, or none could be verified.
    """
    from tutelage import output, replay
    from tutelage.input.problems import complain
    from tutelage.recording import search, unverified, verification

    compared = replay.verify(run, trusted)
    nothing = unverified.why_nothing(compared, search.find(run))
    if as_json or not nothing:
        click.echo(output.json_rows(compared) if as_json else verification.text(compared))
    if nothing:
        complain(nothing)
    sys.exit(bool(nothing) or any(one.verdict == "differs" for one in compared))


@click.command()
@click.argument("folder", metavar="NAME", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Write a package NAME of your own into a new folder: a node, its test, and a launch file that starts it."""
    from tutelage import template
    from tutelage.invocation import program

    for path in template.write(folder):
        click.echo(path)
    click.echo(f"\ntest it:    python -m pytest {folder}   (in the clone it needs the extra `test`)")
    click.echo(f"launch it:  {program()} launch {folder / folder.name}.yaml")


@click.command(epilog="\b\n" + "\n".join(HOW.values()))
@click.argument("shell", type=click.Choice(list(SCRIPTS)))
def completion(shell: str) -> None:
    """Print the script by which a SHELL completes commands, launch files, arguments, runs, nodes and topics."""
    click.echo(SCRIPTS[shell], nl=False)
