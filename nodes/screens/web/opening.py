"""Opens a page: checks that its libraries are there, and starts its server."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import installing

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from tutelage.nodes.screens.web.page import Page
    from tutelage.nodes.screens.web.server import Server


def check(who: str) -> None:
    """Refuses where a library is missing, which `who` needs.

    Raises:
        Refusal: it is missing, or cannot be imported.
    """
    try:
        for library in ("starlette", "uvicorn", "websockets"):
            importlib.import_module(library)
    except ImportError as error:
        raise Refusal([Problem(who, f"{error.name} cannot be imported: {installing('dashboard')}")]) from error


def served(page: Page, port: int, routes: Sequence[BaseRoute] = ()) -> Server:
    """The page's server, which runs already. It may have more `routes`.

    Raises:
        Refusal: the port is taken.
    """
    from tutelage.nodes.screens.web.server import Server

    try:
        server = Server(page, port, routes)
    except OSError as error:
        raise Refusal([Problem("port", f"{port} on 127.0.0.1 cannot be used: {error.strerror or error}")]) from error
    server.start()
    return server
