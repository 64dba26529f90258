"""An operator's seat: the operator, the device, the driven episode and the screen."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from tutelage import Message
from tutelage.memory import Memory
from tutelage.messages import Action, Observation, Order, Picture, Reward, Safety, Timing
from tutelage.teaching.devices.device import Device, Moment, OperatorCommand, Words
from tutelage.teaching.driven import Driven
from tutelage.teaching.operators import Operator, device_of
from tutelage.teaching.progress import Progress
from tutelage.teaching.session import Session

LOOK_SECONDS = 0.02
"""How often the device is asked for commands."""

WATCHED = (Reward, Safety, Timing, Picture)
"""What the operator's screen shows of a robot and of the driven steps."""

HUMAN = -1
"""The policy version of an action that no policy chose."""


class Screen(Protocol):
    """The operator's screen."""

    due: float
    """when it is drawn again, in seconds of the monotonic clock"""

    run_dir: Path
    """the run's folder, which is known before it is shown for the first time"""

    def show(self, now: float, seat: Seat) -> None: ...

    def clear(self) -> None: ...


class Seat(Memory):
    """An operator at a device.

    Attributes:
        at_risk: what can be lost while no checkpoint can be saved.
        person: the operator's name in recordings.
        session: phase, number of the running episode, last notice.
        driven: the running episode so far.
        progress: the state of a robot and of a learner, for the screen.
        seen: the last observation.
        pending: the observation that waits for an answer.
        picture: what the environment last drew, a PNG file; empty: it does not draw.
        guarded: why the guard last changed a command of a robot's; empty: it never did, or nobody says.
        next_look: when the device is asked for commands next, in seconds of the monotonic clock.
    """

    at_risk = "an intervention"
    keeps: ClassVar[tuple[str, ...]] = ("session", "driven", "seen", "pending")

    def __init__(
        self, operator: Operator, session: Session, words: Words, screen: Callable[[str, Device, Words], Screen]
    ) -> None:
        """Seats an operator.

        Args:
            words: names of the device's commands here.
            screen: makes the operator's screen from the task's name, the device and `words`.

        Raises:
            Refusal: there is no such device, or it cannot be used here.
        """
        task, name, person, settings = operator
        self.spaces, self.session = task.spaces, session
        self.device = device_of(name, task, settings or {})
        self.person = person or (getpass.getuser() if self.device.person else name)
        self.driven, self.progress = Driven(), Progress()
        self.seen: Observation | None = None
        self.pending: Observation | None = None
        self.guarded = ""
        self.picture = b""
        self.next_look = 0.0
        self.screen = screen(task.env, self.device, words)

    @property
    def drives(self) -> bool:
        """Whether the operator drives."""
        return self.session.phase == "driving"

    @property
    def waits(self) -> bool:
        """Whether the episode's first step waits for the first key of a person who drives."""
        return self.drives and not self.driven.length and self.device.waits()

    @property
    def time(self) -> tuple[int, int]:
        """Rollout and step of the last observation."""
        return (self.seen.rollout, self.seen.step) if self.seen else (0, 0)

    @property
    def sight(self) -> np.ndarray | None:
        """What the operator sees of the task: the last observation, [obs]; of an episode that is over, its end."""
        last = self.driven.rows[-1][2] if self.driven.over else self.seen.observation if self.seen else None
        return None if last is None else last[0]

    @property
    def doing(self) -> str:
        """How far the operator is, in a line."""
        driven, session = self.driven, self.session
        return f"step {driven.length}   return {driven.episode_return:.1f}   kept {session.kept} of {session.take}"

    @property
    def moment(self) -> Moment:
        """The session's state for the device."""
        return Moment(self.session.phase, self.session.take, self.driven.length)

    def see(self, message: Observation) -> None:
        """Notes an observation, which waits for an answer from now on."""
        self.seen = self.pending = message
        self.driven.saw(message)
        self.device.watch(message.observation[0])

    def watch(self, message: Message) -> None:
        """Notes a reward, or a robot's state."""
        match message:
            case Reward():
                self.driven.earned(message)
            case Safety():
                self.progress.safety = message
            case Timing():
                self.progress.timing = message
            case Picture():
                self.picture = message.png.tobytes()

    def wishes(self, now: float) -> list[OperatorCommand]:
        """The operator's commands since the last call, if it is time to ask for them."""
        if now < self.next_look:
            return []
        self.next_look = now + LOOK_SECONDS
        return self.commands()

    def commands(self) -> list[OperatorCommand]:
        """The device's commands now."""
        return [*self.device.commands(self.moment)]

    def answer(self) -> Message | None:
        """The operator's action at the pending observation. None: nothing is pending, or the device has finished."""
        if not self.pending:
            return None
        to = self.pending
        action = self.device.action(to.observation[0], self.moment)
        if action is None:
            return None
        self.pending = None
        self.driven.acted(to)
        return act(to, self.spaces.from_task(action[None]))

    def order(self, order: str) -> Message:
        """The operator's order to a robot."""
        return Order(*self.time, order=order, reason=f"by {self.person}")

    def engage(self, action: np.ndarray) -> None:
        """The device continues with the previous driver's last action, so that nothing jumps."""
        self.device.engage(self.spaces.to_task(action)[0])

    def start_over(self) -> None:
        """Forgets the driven steps: another episode, or another part of one, follows."""
        self.driven = Driven(self.driven.captured)

    def show(self, now: float, unkept: str) -> None:
        """Updates the screen. While no checkpoint can be saved, `unkept` says why, in place of the last notice."""
        if unkept:
            self.session.notice = f"nothing can be saved, {self.at_risk} may be lost: {unkept}"
        self.screen.show(now, self)

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        self.seen = Observation(*state["seen"]) if state["seen"] else None
        self.pending = Observation(*state["pending"]) if state["pending"] else None
        self.screen.clear()


def act(to: Observation, action: np.ndarray) -> Message:
    """An operator's action, as the answer to an observation."""
    return Action(to.rollout, to.step, action=action, log_prob=np.zeros(1, np.float32), policy_version=HUMAN)
