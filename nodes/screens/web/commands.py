"""`tutelage dashboard`: a page of a run in the browser, beside it or after it."""

from __future__ import annotations

import click

from tutelage import completion


@click.command()
@click.argument("run", required=False, shell_complete=completion.finished_runs)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; 0 takes a free one.")
def dashboard(run: str | None, port: int) -> None:
    """Show RUN in the browser: the newest that runs, or the one of this name or folder, which may have ended."""
    from tutelage.nodes.screens.web.opening import check

    check("dashboard")
    from tutelage.nodes.screens.web.beside import serve

    serve(run, port, click.echo)
