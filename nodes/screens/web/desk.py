"""The operator's screen as a page: picture, session, buttons, stick; for a robot its state and a stop.

It is served by the process that drives, so that nothing lies between a key and its command.
"""

from __future__ import annotations

import json
import shlex
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.routing import WebSocketRoute

from tutelage.invocation import from_here, program
from tutelage.nodes.screens.cockpit import learner_lines
from tutelage.nodes.screens.web.episodes import COLUMNS
from tutelage.nodes.screens.web.facts import Facts, of_progress
from tutelage.nodes.screens.web.markup import markup
from tutelage.nodes.screens.web.opening import served
from tutelage.nodes.screens.web.operating import Line
from tutelage.nodes.screens.web.page import DRAW_SECONDS, Page
from tutelage.tasks.known import picture_of
from tutelage.teaching.devices.browser import Browser
from tutelage.teaching.devices.device import Words
from tutelage.teaching.seat import Seat
from tutelage.teaching.teacher import Teacher

SHOW_SECONDS = 1 / 20


class Desk:
    """Shows the operator a page, whose address it prints once, and each new notice as a line."""

    run_dir = Path()

    def __init__(self, env: str, device: Browser, words: Words, phases: Mapping[str, str]) -> None:
        self.env, self.device, self.words, self.phases = env, device, words, phases
        self.picture, self.line = picture_of(env), Line(device)
        self.page: Page | None = None
        self.facts: Facts = {}
        self.due = self.learned_due = 0.0
        self.told = ""

    def show(self, now: float, seat: Seat) -> None:
        """Tells the pages what is new, if it is time or if there is a new notice."""
        news = seat.session.notice != self.told
        if now < self.due and not news:
            return
        self.due = now + SHOW_SECONDS
        if now >= self.learned_due:
            self.learned_due, self.facts = now + DRAW_SECONDS, of_progress(seat.progress, now)
        page = self.page = self.page or self._opened()
        if news:
            self.told = seat.session.notice
            print(self.told, flush=True)
            self._judged(page, seat)
        if self.line.pages or news:
            self.line.state = json.dumps(self._state(seat))

    def clear(self) -> None:
        return

    def _opened(self) -> Page:
        """The page, which is served from now on."""
        again = f"{program()} dashboard {shlex.quote(str(from_here(self.run_dir)))}"
        page = Page(self.run_dir, lambda: self.facts, self.env, markup(self.device, self.words, again))
        server = served(page, self.device.port, [WebSocketRoute("/operate", self.line.serve)])
        print(f"the page to drive: {server.address}", flush=True)
        return page

    def _judged(self, page: Page, seat: Seat) -> None:
        """Shows the last take among the episodes, if the operator keeps or discards episodes."""
        if isinstance(seat, Teacher) and seat.last:
            page.episodes.hear(seat.last)
            page.random = seat.worth.mean_at_random if seat.worth else None

    def _state(self, seat: Seat) -> dict[str, Any]:
        session, progress, sight = seat.session, seat.progress, seat.sight
        return {
            "phase": session.phase,
            "stands": self.phases[session.phase],
            "drawn": b64encode(seat.picture).decode(),
            "picture": "" if sight is None or seat.picture else "\n".join(self.picture(sight, COLUMNS)),
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
