"""`tutelage doctor`, `find-port` and `calibrate`: a computer and a robot are made ready."""

from __future__ import annotations

import sys

import click

from tutelage import completion


@click.command()
@click.argument("robot", required=False, shell_complete=completion.robots)
def doctor(robot: str | None) -> None:
    """Check this computer, or a ROBOT's file, port, rights, rate, latency, limits and watchdog. Nothing moves."""
    from tutelage.drivers import computer
    from tutelage.drivers.doctor import examine
    from tutelage.launchfiles.search import find

    good = True
    for finding in examine(find(robot)) if robot else computer.examine():
        click.echo(str(finding))
        good = good and finding.good is not False
    sys.exit(0 if good else 1)


@click.command("find-port")
def find_port() -> None:
    """Find the serial port of a device: list the ports, have its cable pulled out, and say which port is gone."""
    from tutelage.drivers import ports

    before = ports.there()
    for port, description in before.items():
        click.echo(f"{port}  {description}".rstrip())
    click.prompt("pull the cable of the device out, then press Enter", default="", show_default=False)
    for port in ports.gone(before):
        click.echo(f"it was {port}: plug it in again")


@click.command()
@click.argument("robot", shell_complete=completion.robots)
def calibrate(robot: str) -> None:
    """Find zeros and directions of a ROBOT that you move by hand, and write them into its file."""
    from tutelage.drivers import calibration_session
    from tutelage.launchfiles.search import find

    path = find(robot)
    found = calibration_session.calibrate(path, lambda text: click.prompt(text, default="", show_default=False))
    click.echo(f"written into {path}: {', '.join(found)}")
