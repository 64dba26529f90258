"""The command line. Each room has its commands, which import heavy modules late, so that --help answers at once."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import click

from tutelage.commands import bag, completion, graph, launch, messages, new, verify
from tutelage.drivers.commands import calibrate, doctor, find_port
from tutelage.nodes.screens.commands import plot
from tutelage.nodes.screens.web.commands import dashboard
from tutelage.observers.commands import node, topic
from tutelage.observers.steering import param
from tutelage.supervision.machines.commands import join, keys, placed
from tutelage.tasks.commands import evaluate, export
from tutelage.teaching.demos.commands import demos

for _threads in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_threads] = "1"  # before numpy and torch: results must not depend on the number of cores

if __name__ == "__main__" and Path(sys.path[0]).resolve() == Path(__file__).resolve().parent:
    del sys.path[0]  # Python puts the clone's folder first, which would hide a user's own `drivers` or `nodes`


class Commands(click.Group):
    """Prints an error in the user's input as one sentence, with exit code 2."""

    def invoke(self, context: click.Context) -> Any:
        from tutelage.input.problems import Refusal, printable

        try:
            return super().invoke(context)
        except Refusal as error:
            click.echo(printable(str(error)), err=True)
            sys.exit(error.exit_code)
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader is gone: click handles that
                raise
            click.echo(printable(f"{error.filename or context.info_name}: {error.strerror or error}"), err=True)
            sys.exit(2)
        except FloatingPointError as error:  # a number that is not finite (finite.py)
            click.echo(str(error), err=True)
            sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tutelage", prog_name="tutelage")
def main() -> None:
    """Imitation learning as a robot's node graph."""


for command in (
    launch,
    graph,
    messages,
    node,
    topic,
    param,
    evaluate,
    export,
    plot,
    doctor,
    find_port,
    calibrate,
    bag,
    verify,
    demos,
    dashboard,
    new,
    completion,
    join,
    keys,
    placed,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
