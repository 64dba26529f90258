"""`tutelage param`, `tutelage node restart` and `tutelage node stop`: what a person changes while a graph runs."""

from __future__ import annotations

from pathlib import Path

import click

from tutelage import completion as complete
from tutelage.observers.commands import node
from tutelage.options import JSON, RUN


@node.command("restart")
@click.argument("name", shell_complete=complete.nodes)
@RUN
def node_restart(name: str, run: str | None) -> None:
    """Kill the process of the node NAME and start it where it was."""
    _order("restart", name, run)


@node.command("stop")
@click.argument("name", shell_complete=complete.nodes)
@RUN
def node_stop(name: str, run: str | None) -> None:
    """Stop the node NAME, without which the run can go on: an observer, or a program."""
    _order("stop", name, run)


def _order(what: str, name: str, run: str | None) -> None:
    from tutelage.observers import runs
    from tutelage.supervision import control

    click.echo(control.ask(runs.running(run, alone=True).socket_dir, do=what, node=name))


@click.group()
def param() -> None:
    """Look at the parameters of a running graph, and change those that may change (`steering:=true`)."""


@param.command("list")
@click.argument("name", required=False, shell_complete=complete.nodes)
@RUN
@JSON
def param_list(name: str | None, run: str | None, as_json: bool) -> None:
    """List the parameters of the node NAME, or of all."""
    from tutelage import output
    from tutelage.observers import parameters, runs

    rows = parameters.rows(runs.running(run), name)
    titles = parameters.ParameterRow._fields[:-1]
    shown = [row._replace(value=f"{row.value:g}")[:-1] if isinstance(row.value, float) else row[:-1] for row in rows]
    click.echo(output.json_rows(rows) if as_json else output.table(titles, shown))


@param.command("get")
@click.argument("name", shell_complete=complete.nodes)
@click.argument("parameter", shell_complete=complete.parameters)
@RUN
def param_get(name: str, parameter: str, run: str | None) -> None:
    """Print one PARAMETER of the node NAME."""
    from tutelage.observers import parameters, runs

    click.echo(parameters.row(runs.running(run), name, parameter).value)


@param.command("describe")
@click.argument("name", shell_complete=complete.nodes)
@click.argument("parameter", shell_complete=complete.parameters)
@RUN
def param_describe(name: str, parameter: str, run: str | None) -> None:
    """Print what a PARAMETER of the node NAME means, and whether it may change."""
    from tutelage.observers import parameters, runs

    row = parameters.row(runs.running(run), name, parameter)
    may = f"may change while it runs, from {row.steerable}" if row.steerable else "cannot change while it runs"
    click.echo(f"{row.parameter}: {row.value}\n  {row.meaning}\n  {may}")


@param.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("name", shell_complete=complete.nodes)
@click.argument("setting")
@click.argument("value", type=float)
@RUN
def param_set(name: str, setting: str, value: float, run: str | None) -> None:
    """Give a SETTING of the node NAME another VALUE, from the next rollout on."""
    from tutelage.observers import parameters, runs

    click.echo(parameters.change(runs.running(run, alone=True), name, setting, value))


@param.command("dump")
@click.argument("name", shell_complete=complete.nodes)
@RUN
def param_dump(name: str, run: str | None) -> None:
    """Print the settings of the node NAME that may change, for `param load`."""
    from tutelage.observers import parameters, runs

    click.echo(parameters.dump(runs.running(run), name), nl=False)


@param.command("load")
@click.argument("name", shell_complete=complete.nodes)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@RUN
def param_load(name: str, file: Path, run: str | None) -> None:
    """Give the settings of the node NAME the values in FILE, as `param dump` printed them."""
    from tutelage.observers import parameters, runs

    for sentence in parameters.load(runs.running(run, alone=True), name, file.read_text(errors="replace")):
        click.echo(sentence)
