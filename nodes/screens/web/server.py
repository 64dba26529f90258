"""Serves the page on this machine alone, from a thread of its own."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from nicegui import ui

from tutelage.nodes.screens.web.door import Door
from tutelage.nodes.screens.web.gate import Gate
from tutelage.nodes.screens.web.page import Page


class Server:
    """The page at an address of 127.0.0.1, with a new token.

    Attributes:
        address: to open in a browser.
    """

    def __init__(self, page: Page, port: int = 0, join: Callable[[FastAPI], None] = lambda app: None) -> None:
        """port: 0 takes a free one. `join` adds routes of its own."""
        token = secrets.token_urlsafe(24)
        self.socket = socket.create_server(("127.0.0.1", port))
        port = self.socket.getsockname()[1]
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        join(app)
        ui.run_with(app, title="tutelage", dark=None, reconnect_timeout=10, show_welcome_message=False)
        ui.page("/")(page.show)
        config = uvicorn.Config(Gate(app, port, token), log_level="error", http=Door, ws_max_size=65536, lifespan="on")
        self.server = uvicorn.Server(config)
        self.address = f"http://127.0.0.1:{port}/?token={token}"
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]}, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.server.should_exit = self.server.force_exit = True
        self.thread.join(5)
        self.socket.close()
