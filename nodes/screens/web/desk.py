"""The operator's screen as a page: picture, session, buttons, stick; for a robot its state and a stop.

It is served by the process that drives, so that nothing lies between a key and its command.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from tutelage.nodes.screens.cockpit import learner_lines
from tutelage.nodes.screens.web.markup import markup
from tutelage.nodes.screens.web.opening import served
from tutelage.nodes.screens.web.operating import Line, serve_files
from tutelage.nodes.screens.web.page import DRAW_SECONDS, Page
from tutelage.nodes.screens.web.server import Server
from tutelage.tasks.known import picture_of
from tutelage.teaching.devices.browser import Browser
from tutelage.teaching.devices.device import Words
from tutelage.teaching.progress import Progress
from tutelage.teaching.seat import Seat

SHOW_SECONDS = 1 / 20

COLUMNS = 56
"""of the picture: as many as a phone can show"""


class Desk:
    """Shows the operator a page, whose address it prints once, and each new notice as a line."""

    run_dir = Path()

    def __init__(self, env: str, device: Browser, words: Words, phases: Mapping[str, str]) -> None:
        self.device, self.words, self.phases, self.picture = device, words, phases, picture_of(env)
        self.line = Line(device)
        self.page: Page | None = None
        self.due = self.learned_due = 0.0
        self.told = ""

    def show(self, now: float, seat: Seat) -> None:
        """Tells the pages what is new, if it is time or if there is a new notice."""
        news = seat.session.notice != self.told
        if now < self.due and not news:
            return
        self.due = now + SHOW_SECONDS
        page = self.page = self.page or self._opened()
        if news:
            self.told = seat.session.notice
            print(self.told, flush=True)
        if self.line.pages or news:
            self.line.state = json.dumps(self._state(seat))
        if now >= self.learned_due and self.line.pages:  # a copy, so that drawing curves never holds up who drives
            self.learned_due = now + DRAW_SECONDS
            page.progress = deepcopy(seat.progress)

    def clear(self) -> None:
        return

    def _opened(self) -> Page:
        """The page, which is served from now on."""
        page = Page(self.run_dir, Progress(), markup(self.device, self.words))
        server: Server = served(page, self.device.port, self._join)
        print(f"the page: {server.address}", flush=True)
        return page

    def _join(self, app: FastAPI) -> None:
        serve_files(app)
        app.add_api_websocket_route("/operate", self.line.serve)

    def _state(self, seat: Seat) -> dict[str, Any]:
        session, progress, sight = seat.session, seat.progress, seat.sight
        return {
            "phase": session.phase,
            "stands": self.phases[session.phase],
            "picture": "" if sight is None else "\n".join(self.picture(sight, COLUMNS)),
            "doing": seat.doing,
            "notice": session.notice,
            "said": [*progress.warnings, *learner_lines(progress, session)],
            **_robot(seat),
        }


def _robot(seat: Seat) -> dict[str, Any]:
    """A robot's state, its ages, and why its guard changed a command."""
    safety, timing = seat.progress.safety, seat.progress.timing
    if safety is None:
        return {}
    lines = [f"the guard, last: {seat.guarded}"] if seat.guarded else []
    if timing:
        lines.append(
            f"{timing.rate_mean:.1f} Hz   from reading to command {1000 * timing.latency_mean:.1f} ms   "
            f"longest step {1000 * timing.interval_max:.0f} ms   missed {timing.deadlines_missed}   "
            f"refused {timing.commands_refused}   stops {timing.stops}"
        )
    return {"safety": safety.state, "reason": safety.reason, "robot": lines}
