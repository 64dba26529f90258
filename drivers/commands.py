"""`tutelage doctor` and `tutelage calibrate`: a robot is made ready."""

from __future__ import annotations

import sys
from pathlib import Path

import click

ROBOT = click.argument("robot", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.command()
@ROBOT
def doctor(robot: Path) -> None:
    """Check a ROBOT's file, port, rights, rate, latency, limits and watchdog. Nothing moves."""
    from tutelage.drivers.doctor import examine

    good = True
    for finding in examine(robot):
        click.echo(str(finding))
        good = good and finding.good is not False
    sys.exit(0 if good else 1)


@click.command()
@ROBOT
def calibrate(robot: Path) -> None:
    """Find zeros and directions of a ROBOT that you move by hand, and write them into its file."""
    from tutelage.drivers import calibration_session

    found = calibration_session.calibrate(robot, lambda text: click.prompt(text, default="", show_default=False))
    click.echo(f"written into {robot}: {', '.join(found)}")
