"""Opens a page: checks that NiceGUI is there, and starts the page's server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import installing

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tutelage.nodes.screens.web.page import Page
    from tutelage.nodes.screens.web.server import Server


def check(who: str) -> None:
    """Refuses where NiceGUI is missing, which `who` needs.

    Raises:
        Refusal: it is missing, or cannot be imported.
    """
    try:
        import nicegui  # noqa: F401
    except ImportError as error:
        raise Refusal([Problem(who, f"NiceGUI cannot be imported: {installing('dashboard')}")]) from error


def served(page: Page, port: int, join: Callable[[FastAPI], None] = lambda app: None) -> Server:
    """The page's server, which runs already. `join` adds routes of its own.

    Raises:
        Refusal: the port is taken.
    """
    from tutelage.nodes.screens.web.server import Server

    try:
        server = Server(page, port, join)
    except OSError as error:
        raise Refusal([Problem("port", f"{port} on 127.0.0.1 cannot be used: {error.strerror or error}")]) from error
    server.start()
    return server
