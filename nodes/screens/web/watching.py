"""The line between a page and the run that it shows: what has changed goes out, questions and orders come in."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from tutelage.input.problems import Refusal
from tutelage.nodes.screens.web import steer
from tutelage.nodes.screens.web.facts import Facts
from tutelage.nodes.screens.web.page import DRAW_SECONDS, Page
from tutelage.observers.steered import Pending


class Watchers:
    """All who look. A page that nobody sees closes its line, and costs nothing."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def serve(self, socket: WebSocket) -> None:
        """Serves one page until it is closed."""
        await socket.accept()
        watcher = Watcher(self.page, socket)
        showing = asyncio.create_task(watcher.show())
        try:
            await watcher.hear()
        except (WebSocketDisconnect, RuntimeError):  # closed, by the page or amid a message
            pass
        except (ValueError, LookupError):
            await socket.close(1007)
        finally:
            showing.cancel()


class Watcher:
    """One page.

    Attributes:
        seen: the facts that it has.
        log: the node whose log it shows, or nothing.
        orders: those that are being obeyed.
    """

    def __init__(self, page: Page, socket: WebSocket) -> None:
        self.page, self.socket = page, socket
        self.seen: Facts = {}
        self.log = ""
        self.woken = asyncio.Event()
        self.orders: set[asyncio.Task[None]] = set()

    async def show(self) -> None:
        """Sends what has changed, every DRAW_SECONDS or when something was asked for."""
        with suppress(WebSocketDisconnect, RuntimeError):
            while True:
                self.woken.clear()
                if said := self._said():
                    await self.socket.send_text(json.dumps(said))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.woken.wait(), DRAW_SECONDS)

    def _said(self) -> dict[str, Any]:
        """What has changed, or why that cannot be said; nothing if nothing has."""
        try:
            return {"facts": news} if (news := self._news()) else {}
        except Exception as error:  # of any kind: a page that is told nothing would look as if nothing happened
            return {"refusal": f"the run cannot be shown at the moment: {error}"}

    def _news(self) -> Facts:
        """The facts that it does not have; None stands for one that is no more."""
        facts = {**self.page.facts(), **({"log": self.page.log(self.log)} if self.log else {})}
        news = {name: value for name, value in facts.items() if name not in self.seen or self.seen[name] != value}
        news |= dict.fromkeys(self.seen.keys() - facts.keys())
        self.seen = facts
        return news

    async def hear(self) -> None:
        while True:
            asked = json.loads(await self.socket.receive_text())
            if not isinstance(asked, dict):
                raise ValueError("no question")
            await self._answer(asked)

    async def _answer(self, asked: dict[str, Any]) -> None:
        match asked:
            case {"log": str(node)}:
                self.page.log(node)  # refuses an unknown one
                self.log = node
            case {"replay": int(number)}:
                pictures = self.page.replay(number)
                await self.socket.send_text(json.dumps({"replay": number, "pictures": pictures}))
            case _:
                steer.check(asked)
                obeying = asyncio.create_task(self._obey(asked))
                self.orders.add(obeying)  # nobody else keeps it
                obeying.add_done_callback(self.orders.discard)
        self.woken.set()

    async def _obey(self, asked: dict[str, Any]) -> None:
        """Does what is asked for, beside all else: the end of the run waits for no setting."""
        try:
            said = {"notice": await asyncio.to_thread(steer.order, self.page.run_dir, asked)}
        except Pending as pending:
            said = {"notice": str(pending)}
        except (Refusal, OSError) as error:
            said = {"refusal": str(error)}
        with suppress(WebSocketDisconnect, RuntimeError):
            await self.socket.send_text(json.dumps(said))
        self.page.refresh()
        self.woken.set()
