"""Serves the page on this machine alone, from a thread of its own."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from tutelage.nodes.screens.web.connections import HttpConnection
from tutelage.nodes.screens.web.gate import Gate
from tutelage.nodes.screens.web.page import Page
from tutelage.nodes.screens.web.watching import Watchers

KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FILES = sorted(path for path in Path(__file__).parent.iterdir() if path.suffix in KINDS)
"""All that it serves beside the page itself."""

LONGEST = 65536
"""bytes of a message from a page"""


class Server:
    """The page at an address of 127.0.0.1, with a new token.

    Attributes:
        address: to open in a browser.
    """

    def __init__(self, page: Page, port: int = 0, routes: Sequence[BaseRoute] = ()) -> None:
        """port: 0 takes a free one."""
        token = secrets.token_urlsafe(24)
        self.socket = socket.create_server(("127.0.0.1", port))
        port = self.socket.getsockname()[1]

        async def whole(request: Request) -> Response:
            return HTMLResponse(page.html)

        own = [Route("/", whole), WebSocketRoute("/watch", Watchers(page).serve), *map(_file, FILES)]
        app = Gate(Starlette(routes=[*own, *routes]), port, token)
        config = uvicorn.Config(
            app, log_level="error", loop="asyncio", http=HttpConnection, ws="websockets-sansio", ws_max_size=LONGEST
        )
        self.server = uvicorn.Server(config)
        self.address = f"http://127.0.0.1:{port}/?token={token}"
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]}, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.server.should_exit = self.server.force_exit = True
        self.thread.join(5)
        self.socket.close()


def _file(path: Path) -> Route:
    content = path.read_bytes()

    async def answer(request: Request) -> Response:
        return Response(content, media_type=KINDS[path.suffix], headers={"cache-control": "no-store"})

    return Route(f"/{path.name}", answer)
