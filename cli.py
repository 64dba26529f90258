"""The command line. Each room brings its commands, and imports what is heavy inside them: --help answers at once."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import click

from tutelage.commands import bag, graph, launch, messages, verify
from tutelage.drivers.commands import calibrate, doctor
from tutelage.observers.commands import node, topic
from tutelage.tasks.commands import evaluate
from tutelage.teaching.demos.commands import demos

for _threads in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_threads] = "1"  # before numpy or torch is loaded: results must not depend on the cores

if __name__ == "__main__" and Path(sys.path[0]).resolve() == Path(__file__).resolve().parent:
    del sys.path[0]  # the clone's folder, which Python puts first: a user's own `drivers` or `nodes` would be hidden


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
@click.version_option(package_name="tutelage", prog_name="tutelage")
def main() -> None:
    """Imitation learning as a robot's node graph."""


for command in (launch, graph, messages, node, topic, evaluate, doctor, calibrate, bag, verify, demos):
    main.add_command(command)


if __name__ == "__main__":
    main()
