"""Options that commands of several rooms share."""

from __future__ import annotations

import click

from tutelage import completion

JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
RUN = click.option(
    "--run", help="Name or folder of a running run; the newest by default.", shell_complete=completion.running_runs
)
TRUST = click.option("--trust", "trusted", is_flag=True, help="Run its code although it was made elsewhere.")
