"""Curves for TensorBoard, in the run's folder."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from tutelage import Message, Node
from tutelage.files import events
from tutelage.files.append_only import AppendOnlyFile
from tutelage.input.problems import Refusal, complain
from tutelage.messages import Episode, Evaluation, Metrics, Timing
from tutelage.tasks.measured import STEPS, of_episodes, of_evaluation, of_timing

PATH = "tensorboard/events.out.tfevents.0"
"""In the run's folder. TensorBoard reads a file that has `tfevents` in its name."""

SAME_FIGURE = {"train/temperature": "train/ent_coef"}
"""Our names of figures that Stable-Baselines3 calls otherwise."""


class TensorBoard(Node):
    """Writes all measurements into the run's folder `tensorboard`, over environment steps; over rollouts without steps.

    Points wait in memory for the next checkpoint, which counts the bytes of the file. So a resumed or restarted run
    replaces the points that follow its checkpoint.
    """

    may_hear = (Metrics, Evaluation, Episode, Timing)
    order = "arrival"
    writes = True
    keeps = ("returns", "lengths", "each")

    def __init__(self) -> None:
        self.returns: deque[float] = deque(maxlen=100)
        self.lengths: deque[int] = deque(maxlen=100)
        self.each = 0.0  # environment steps of a rollout, once they are known
        self.since: tuple[float, int] | None = None  # when this process had how many environment steps
        self.points = b""  # that wait to be written

    @cached_property
    def file(self) -> AppendOnlyFile:
        return AppendOnlyFile(self.run_dir / PATH)

    def start(self) -> tuple[Message, ...]:
        self.points = events.beginning(time.time())
        return ()

    def hear(self, message: Message) -> None:
        match message:
            case Episode(actor="policy"):
                self.returns.append(message.episode_return)
                self.lengths.append(message.length)
            case Metrics():
                course = self._course(message.rollout, int(message.values.get(STEPS, 0)))
                self._add(message.rollout, message.values | course)
            case Evaluation():
                self._add(message.rollout, of_evaluation(message))
            case Timing():
                self._add(message.rollout, of_timing(message))

    def _course(self, rollout: int, steps: int) -> dict[str, float]:
        """What the learner's measurements of a rollout do not say. They alone count environment steps."""
        if not steps:
            return {}
        now, self.each = time.monotonic(), steps / (rollout + 1)
        began, first = self.since = self.since or (now, steps)
        length = {"rollout/ep_len_mean": sum(self.lengths) / len(self.lengths)} if self.lengths else {}
        speed = {"time/fps": (steps - first) / (now - began)} if steps > first else {}
        return of_episodes(self.returns) | length | speed

    def _add(self, rollout: int, values: Mapping[str, float]) -> None:
        step = int(values.get(STEPS, 0)) or round((rollout + 1) * self.each) or rollout
        named = {SAME_FIGURE.get(name, name): value for name, value in values.items()}
        self.points += events.point(time.time(), step, named)

    def _write(self) -> None:
        self.file.path.parent.mkdir(exist_ok=True)
        self.file.append(self.points)
        self.points = b""

    def state(self) -> dict[str, Any]:
        self._write()
        return super().state() | {"file": self.file.state()}

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        try:
            self.file.load(state["file"])
        except Refusal:
            complain(f"{self.file.path} is not as the last checkpoint left it: the curves begin anew")
            self.start()

    def finish(self) -> tuple[Message, ...]:
        self._write()
        return ()
