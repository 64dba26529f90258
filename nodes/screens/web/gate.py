"""Who may see the page: whoever knows its token, from this machine's own address, and no other page of the browser."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "tutelage"


class Gate:
    """An ASGI application in front of the page. Each request, and each websocket, must pass three questions.

    - Is `Host` our own address? Otherwise a name of another's that leads here could be used (DNS rebinding).
    - Is `Origin`, if there is one, our own? Other pages of the same browser send theirs.
    - Does it know the token? It comes once in the address, `?token=...`, and is then kept in a cookie.

    Cookies do not keep the ports of a machine apart, but paths: all is below a `place` that nobody can guess, so a
    browser sends the cookie to no other server.
    """

    def __init__(self, app: App, port: int, token: str) -> None:
        self.app, self.token = app, token
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self.place = f"/{secrets.token_urlsafe(12)}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if not self._ours(headers):
            await refuse(scope, send, 403)
        elif scope["type"] == "http" and self._right(_asked(scope)):
            await self._welcome(send)  # first: the token leaves the address bar, too, if it is known
        elif scope["path"].startswith(f"{self.place}/") and self._right(_told(headers)):
            await self.app({**scope, "path": scope["path"].removeprefix(self.place)}, receive, _alone(send))
        else:
            await refuse(scope, send, 401)

    def _ours(self, headers: dict[str, str]) -> bool:
        origin = headers.get("origin")
        own = {f"http://{host}" for host in self.hosts}
        return headers.get("host") in self.hosts and (origin is None or origin in own)

    def _right(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.token.encode())

    async def _welcome(self, send: Send) -> None:
        """Keeps the token in a cookie, and leads to the page."""
        cookie = f"{COOKIE}={self.token}; Path={self.place}/; HttpOnly; SameSite=Strict"
        headers = [
            (b"location", f"{self.place}/".encode()),
            (b"set-cookie", cookie.encode()),
            (b"referrer-policy", b"no-referrer"),
        ]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


POLICY = b"default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"
"""A browser loads nothing from elsewhere, and shows the page in no frame of another page, which could steal clicks."""


def _alone(send: Send) -> Send:
    """Sends the same, under POLICY."""

    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", []), (b"content-security-policy", POLICY)]
            message = {**message, "headers": headers}
        await send(message)

    return sent


def _told(headers: dict[str, str]) -> str:
    """The token in a cookie."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _asked(scope: Scope) -> str:
    return parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]


async def refuse(scope: Scope, send: Send, status: int) -> None:
    """Answers a request with a status alone; closes a websocket before it is opened."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    why = b"open the address that the run printed: it has a token\n" if status == 401 else b"refused\n"
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": why})
