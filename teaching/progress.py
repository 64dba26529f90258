"""The progress of a run, from the messages that an observer receives. No clock: the time of receipt is passed in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from tutelage import Message
from tutelage.messages import Demonstration, Episode, Evaluation, Metrics, Safety, Timing, Withdrawal
from tutelage.status import Status

SILENT_SECONDS = 1.0
"""A status is due twice a second; a node without one for this long is silent."""

RATE_SECONDS = 2.0
"""Rates are measured over at least this time."""

STILL_SECONDS, STILL_GAPS = 5.0, 3
"""Steps stand still when none came for so long, and for so many of the recent gaps between two reports of them."""

COURSE_VALUES = 256
"""A course keeps between half this many values and this many."""


class Pulse:
    """One node, from its own statuses."""

    def __init__(self) -> None:
        self.statuses: deque[Status] = deque(maxlen=5)  # twice a second: RATE_SECONDS lie between the ends
        self.at = 0.0  # time of the last one

    def beat(self, status: Status, now: float) -> None:
        if self.statuses and self.last.restarts != status.restarts:
            self.statuses.clear()  # a restart resets the counters
        self.statuses.append(status)
        self.at = now

    @property
    def last(self) -> Status:
        return self.statuses[-1]

    @property
    def ended(self) -> bool:
        return self.last.ended

    @property
    def lost(self) -> int:
        return sum(self.last.lost.values())

    def silent_seconds(self, now: float) -> float:
        """For how long no status has come; 0 while they come."""
        silence = now - self.at
        return silence if silence > SILENT_SECONDS and not self.ended else 0.0

    def rates(self, direction: Literal["said", "heard"], now: float) -> dict[str, float]:
        """Recent messages a second by topic; empty if unknown."""
        first, last = self.statuses[0], self.last
        seconds = last.seconds - first.seconds
        if not seconds or self.silent_seconds(now):
            return {}
        before: dict[str, int] = getattr(first, direction)
        return {topic: (n - before.get(topic, 0)) / seconds for topic, n in getattr(last, direction).items()}


Value = TypeVar("Value")


class Course(Generic[Value]):
    """The history of a measurement, in few values for any length of run: every one, every second, every fourth."""

    def __init__(self, most: int = COURSE_VALUES) -> None:
        self.most, self.values = most, list[Value]()
        self._every, self._count = 1, 0

    def add(self, value: Value) -> None:
        if self._count % self._every == 0:
            self.values.append(value)
        self._count += 1
        if len(self.values) == self.most:
            del self.values[1::2]
            self._every *= 2


@dataclass
class Progress:
    """The known state of a run.

    Attributes:
        budget: environment steps of the whole run; 0 if unknown.
        began: when the first message came.
        started: whether a node has published more than its status: none does before all have accepted their parameters.
        points: recent (time, steps), for the rate; `first_point` for the rate of the whole run.
        returns: of the policy's last training episodes; `course` is the history of their mean.
        expert_returns: by the numbers of the expert's episodes.
        safety, timing: the last ones of a robot.
        warnings: the launcher's current warnings, a sentence each.
        accuracy: of the discriminator, by side: expert or policy.
        received, numbered: demonstrations by their messages, and by the numbers of the expert's episodes.
        epoch, loss: of behaviour cloning, the loss on held-out pairs; epoch 0 elsewhere.
    """

    budget: int = 0
    environment: str = ""
    algorithm: str = ""
    began: float | None = None
    started: bool = False
    steps: int = 0
    received: int = 0
    numbered: int = 0
    epoch: int = 0
    loss: float = 0.0
    points: deque[tuple[float, int]] = field(default_factory=deque)
    first_point: tuple[float, int] | None = None
    returns: deque[float] = field(default_factory=lambda: deque(maxlen=100))
    expert_returns: dict[int, float] = field(default_factory=dict)
    course: Course[float] = field(default_factory=Course)
    accuracy: dict[str, float] = field(default_factory=dict)
    evaluation: Evaluation | None = None
    safety: Safety | None = None
    timing: Timing | None = None
    nodes: dict[str, Pulse] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    interrupted: bool = False
    finished: bool = False

    def hear(self, message: Message, now: float) -> None:
        """Notes a message that came now."""
        self.started = self.started or not isinstance(message, Status) or bool(sum(message.said.values()))
        if self.began is None:
            self.began = now
        match message:
            case Status():
                self.nodes.setdefault(message.node, Pulse()).beat(message, now)
            case Metrics():
                self._measured(message.values, now)
            case Episode(actor="expert"):
                self.expert_returns[message.episode] = message.episode_return
                self.numbered = message.episode + 1
            case Episode(actor="policy"):
                self.returns.append(message.episode_return)
            case Evaluation():
                self.evaluation = message
            case Demonstration():
                self.received += 1
            case Withdrawal():
                self.received -= message.demonstrations
                self.numbered -= message.demonstrations
                for number in list(self.expert_returns)[-message.demonstrations :]:
                    del self.expert_returns[number]
            case Safety():
                self.safety = message
            case Timing():
                self.timing = message

    def _measured(self, values: dict[str, float], now: float) -> None:
        for side in ("expert", "policy"):
            if (accuracy := values.get(f"discriminator/accuracy_{side}")) is not None:
                self.accuracy[side] = accuracy
        self.epoch, self.loss = int(values.get("bc/epoch", self.epoch)), values.get("bc/loss_held_out", self.loss)
        self.budget = int(values.get("time/budget", self.budget))
        if (steps := values.get("time/total_timesteps")) is not None:
            self._stepped(int(steps), now)

    def _stepped(self, steps: int, now: float) -> None:
        if steps < self.steps or self.stands_still(now):  # a restarted learner repeats its last steps
            self.points.clear()
        self.steps = steps
        self.points.append((now, steps))
        self.first_point = self.first_point or (now, steps)
        while len(self.points) > 2 and now - self.points[1][0] >= RATE_SECONDS:
            self.points.popleft()
        if self.policy_return is not None:
            self.course.add(self.policy_return)

    def recall(self, expert_returns: Iterable[float]) -> None:
        """Takes over the returns of the expert's episodes so far: their messages do not come again after a restart."""
        self.expert_returns = dict(enumerate(expert_returns))
        self.numbered = len(self.expert_returns)

    @property
    def demonstrations(self) -> int:
        """How many there are. An observer that came late has missed some messages, but numbers count them."""
        return max(self.received, self.numbered)

    @property
    def policy_return(self) -> float | None:
        """Mean of the policy's last training episodes."""
        return sum(self.returns) / len(self.returns) if self.returns else None

    @property
    def expert_return(self) -> float | None:
        return sum(self.expert_returns.values()) / len(self.expert_returns) if self.expert_returns else None

    @property
    def steps_per_second(self) -> float | None:
        """Recent rate; over the whole run once it is finished."""
        if len(self.points) < 2 or self.first_point is None:
            return None
        (before, first), (now, last) = (self.first_point if self.finished else self.points[0]), self.points[-1]
        return (last - first) / (now - before) if now > before else None

    def stands_still(self, now: float) -> bool:
        """Whether the learner waits, for example for a person's episode: no rate says then how long it takes."""
        if len(self.points) < 2:
            return False
        first, last = self.points[0][0], self.points[-1][0]
        return now - last > max(STILL_SECONDS, STILL_GAPS * (last - first) / (len(self.points) - 1))

    @property
    def lost(self) -> int:
        return sum(node.lost for node in self.nodes.values())
