"""Connections to the page that ask for nothing: a bounded number waits, and a newer one closes the oldest.

So nobody who knows no token can hold all places, or use up the file descriptors of a process that drives a robot:
whoever has the token is answered at once, and a websocket that the gate has let in is no such connection any more.
"""

from __future__ import annotations

from asyncio import Transport

from uvicorn.protocols.http.h11_impl import H11Protocol

WAITING = 64
"""connections without a request that is being answered"""


class HttpConnection(H11Protocol):
    """One connection. All of a process share the list of those that wait, the oldest first."""

    waiting: dict[HttpConnection, None] = {}

    @property
    def asks(self) -> bool:
        """Whether a request of it is being answered."""
        return self.cycle is not None and not (self.cycle.response_complete or self.flow.write_paused)

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.waiting[self] = None
        idle = [one for one in self.waiting if not one.asks]
        for one in idle[: len(idle) - WAITING]:
            self.waiting.pop(one)
            one.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.waiting.pop(self, None)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: object) -> None:
        self.waiting.pop(self, None)
        super().handle_websocket_upgrade(event)  # type: ignore[arg-type]
