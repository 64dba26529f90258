"""The line between the operator's pages and the device: stamps and what there is to see go out, reports come in."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from tutelage.teaching.devices.browser import Browser, parsed

BEAT_SECONDS = 0.05
"""How often a page gets a stamp, which its next reports bear."""


class Line:
    """The open pages.

    Attributes:
        state: what the pages show, as JSON.
        pages: how many are open.
    """

    def __init__(self, device: Browser) -> None:
        self.device, self.state, self.pages = device, "{}", 0

    async def serve(self, socket: WebSocket) -> None:
        """Serves one page until it is closed."""
        page = secrets.token_hex(8)
        await socket.accept()
        self.pages += 1
        self.device.enter(page)
        beats = asyncio.create_task(self._beat(socket, page))
        try:
            await self._hear(socket, page)
        except (WebSocketDisconnect, RuntimeError):  # closed, by the page or amid a beat
            pass
        except ValueError:
            await socket.close(1007)
        finally:
            self.device.leave(page)
            self.pages -= 1
            beats.cancel()

    async def _hear(self, socket: WebSocket, page: str) -> None:
        while True:
            text = await socket.receive_text()
            if text == "take":
                self.device.take(page)
            else:
                self.device.report(page, parsed(text))

    async def _beat(self, socket: WebSocket, page: str) -> None:
        shown = ""
        with suppress(WebSocketDisconnect, RuntimeError):
            while True:
                state, driver = self.state, self.device.driver
                controls = "yours" if driver == page else "another's" if driver else "nobody's"
                new = f', "state": {state}' if state != shown else ""
                stamp = json.dumps(time.monotonic())
                await socket.send_text(f'{{"stamp": {stamp}, "controls": "{controls}"{new}}}')
                shown = state
                await asyncio.sleep(BEAT_SECONDS)
