"""`tutelage doctor` and `tutelage calibrate`: a robot is made ready."""

from __future__ import annotations

import sys

import click

ROBOT = click.argument("robot")


@click.command()
@ROBOT
def doctor(robot: str) -> None:
    """Check a ROBOT's file, port, rights, rate, latency, limits and watchdog. Nothing moves."""
    from tutelage.drivers.doctor import examine
    from tutelage.launchfiles.search import find

    good = True
    for finding in examine(find(robot)):
        click.echo(str(finding))
        good = good and finding.good is not False
    sys.exit(0 if good else 1)


@click.command()
@ROBOT
def calibrate(robot: str) -> None:
    """Find zeros and directions of a ROBOT that you move by hand, and write them into its file."""
    from tutelage.drivers import calibration_session
    from tutelage.launchfiles.search import find

    path = find(robot)
    found = calibration_session.calibrate(path, lambda text: click.prompt(text, default="", show_default=False))
    click.echo(f"written into {path}: {', '.join(found)}")
