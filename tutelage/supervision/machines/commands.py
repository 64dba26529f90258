"""`tutelage keys` and `tutelage join`: a run over several machines."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tutelage.options import JSON


@click.group()
def keys() -> None:
    """The keys of machines: this one's own, and those that may join its runs or whose runs it joins."""


@keys.command("new")
def keys_new() -> None:
    """Make this machine's key, and print its public half, which other machines allow."""
    from tutelage.invocation import program
    from tutelage.supervision.machines import keys

    click.echo(f"type on the other machine: {program()} keys allow NAME {keys.new().public}")


@keys.command("list")
@JSON
def keys_list(as_json: bool) -> None:
    """List this machine's public key, and those that are allowed."""
    from tutelage import output
    from tutelage.supervision.machines import keys

    rows = keys.rows()
    click.echo(output.json_rows(rows) if as_json else output.table(keys.Row._fields, rows))


@keys.command("allow")
@click.argument("name")
@click.argument("key")
def keys_allow(name: str, key: str) -> None:
    """Let the machine with this public KEY join, under this NAME; or let this one join its runs."""
    from tutelage.supervision.machines import keys

    keys.allow(name, key)


@keys.command("revoke")
@click.argument("name")
def keys_revoke(name: str) -> None:
    """Let the machine NAME join no more."""
    from tutelage.supervision.machines import keys

    keys.revoke(name)


@click.command()
@click.argument("launcher")
@click.argument("address")
def join(launcher: str, address: str) -> None:
    """Run the nodes of a run that are to run on this machine. LAUNCHER is its machine's name here, and ADDRESS its
    address, with the port if that is not 7700."""
    from tutelage.supervision.machines import join

    sys.exit(join.join(launcher, address))


@click.command(hidden=True)
@click.argument("log", type=click.Path(path_type=Path))
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.argument("checkpoints")
@click.argument("server")
@click.argument("address")
def placed(log: Path, run_dir: Path, checkpoints: str, server: str, address: str) -> None:
    """`join`, as Ray's actor starts it (placed.py)."""
    from tutelage.supervision.machines import placed

    sys.exit(placed.serve(log, run_dir, checkpoints, server, address))
