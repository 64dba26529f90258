"""Options that commands of several rooms share."""

from __future__ import annotations

import click

JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
RUN = click.option("--run", help="Name or folder of a run that is going on; the newest by default.")
TRUST = click.option("--trust", "trusted", is_flag=True, help="Run the code that it names, though made elsewhere.")
