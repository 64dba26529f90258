"""The operator's screen: the task, the session, the learner. Without a terminal it prints plain lines."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from io import TextIOWrapper
from pathlib import Path
from textwrap import wrap

from tutelage.canvas import Canvas
from tutelage.tasks.known import picture_of
from tutelage.tasks.pictures import LEAST_WIDTH
from tutelage.teaching.progress import Progress
from tutelage.teaching.seat import Seat
from tutelage.teaching.session import Session

DRAW_SECONDS = 1 / 15

PHASES = {
    "ready": "ready",
    "driving": "DRIVING",
    "paused": "paused",
    "over": "over: keep or discard?",
    "finished": "finished",
}


class Cockpit:
    """Draws on a terminal some times a second; without one it prints each new notice."""

    run_dir = Path()

    def __init__(self, env: str, device: str, legend: str, phases: Mapping[str, str] = PHASES) -> None:
        self.env, self.device, self.legend, self.phases = env, device, legend, phases
        self.picture, self.canvas = picture_of(env), Canvas()
        self.draws = sys.stdout.isatty()
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal without our characters shows others
        self.due = 0.0
        self.told, self.warned = "", 0

    def show(self, now: float, seat: Seat) -> None:
        """Draws if it is time, or if there is a new notice."""
        session, progress = seat.session, seat.progress
        news = session.notice != self.told
        if not self.draws and len(progress.warnings) > self.warned:
            print("\n".join(progress.warnings), flush=True)
        self.warned = len(progress.warnings)
        if not news and (now < self.due or not self.draws):
            return
        self.due, self.told = now + DRAW_SECONDS, session.notice
        if not self.draws:
            print(session.notice, flush=True)
            return
        width, height = self.canvas.size()
        lines = self._lines(seat, width - 1)[: height - 1]
        print(self.canvas.over("".join(line[: width - 1] + "\n" for line in lines), width), end="", flush=True)

    def clear(self) -> None:
        """Draws the next view below the last one, which this process drew before it was restarted."""
        self.canvas.clear()

    def _lines(self, seat: Seat, width: int) -> list[str]:
        session, progress = seat.session, seat.progress
        head = f"{self.env}   {self.device}   episode {session.take}   {self.phases[session.phase]}"
        last = seat.sight
        picture = self.picture(last, width) if last is not None and width >= LEAST_WIDTH else []
        warnings = [f"! {sentence}" for sentence in progress.warnings]
        told = [seat.doing, f"> {session.notice}", *warnings, *learner_lines(progress, session), robot_line(progress)]
        keys = re.sub(r"(?<=\S) (?=\S)", "\N{NO-BREAK SPACE}", self.legend)  # a key stays beside what it does
        below = [*_wrapped(filter(None, told), width), "", *_wrapped([keys], width)]
        return [*_wrapped([head], width), "", *picture, "", *below]


def _wrapped(texts: Iterable[str], width: int) -> list[str]:
    """Texts as lines of the screen, broken between words."""
    lines = [wrap(text, max(width, 20), initial_indent=" ", subsequent_indent="   ") for text in texts]
    return [line.replace("\N{NO-BREAK SPACE}", " ") for part in lines for line in part]


def learner_lines(progress: Progress, session: Session) -> list[str]:
    """The progress of a learner that learns meanwhile, and its result."""
    if session.least > session.kept and not progress.demonstrations:
        return ["the learner waits for the first kept episode"]
    if progress.began is None:
        return []
    many = "" if progress.demonstrations == 1 else "s"
    parts = [f"{progress.demonstrations} demonstration{many}", f"{progress.steps:,} steps"]
    if (mean := progress.policy_return) is not None:
        parts.append(f"policy's return {mean:.1f}")
    if (found := progress.evaluation) is not None:
        parts.append(f"evaluation {found.greedy.mean():.1f}")
    if (expert := progress.expert_return) is not None:
        parts.append(f"yours {expert:.1f}")
    lines = ["learner: " + "   ".join(parts)]
    if found and found.final:
        lines.append(f"learning has ended: the policy's return is {found.greedy.mean():.1f}")
        if session.phase != "finished":
            lines.append("episodes that you keep now are recorded, but not learned from; finish when you like")
    return lines


def robot_line(progress: Progress) -> str:
    """A robot's state, and how well its deadlines are kept."""
    if progress.safety is None:
        return ""
    state = ": ".join(filter(None, (progress.safety.state.upper(), progress.safety.reason)))
    kept = progress.timing
    return f"robot {state}" + (f"   {kept.rate_mean:.1f} Hz, missed {kept.deadlines_missed}" if kept else "")
