"""From actions to commands: whose actions count, what the guard makes of each, and how the last command ages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Literal

import numpy as np

from tutelage import Message
from tutelage.drivers.guard import Decision, Guard, State
from tutelage.drivers.pace import Pace
from tutelage.drivers.robot import Robot
from tutelage.drivers.trail import Trail
from tutelage.messages import Action, Command


class Actuation:
    """The policy acts until a person takes over, by order or by an action; then the person acts until they give back.

    Attributes:
        actor: whose actions count.
        refused: how many commands were not applied as requested.
    """

    def __init__(self, robot: Robot, guard: Guard, pace: Pace, trail: Trail) -> None:
        self.robot, self.guard, self.pace, self.trail = robot, guard, pace, trail
        self.actor: Literal["policy", "human"] = "policy"
        self.refused = 0

    def act(self, message: Action) -> Iterator[Message]:
        """Applies an action if the guard allows it. The policy's actions are ignored while a person acts."""
        now = time.monotonic_ns()
        actor: Literal["policy", "human"] = "human" if message.policy_version < 0 else "policy"
        if actor == "policy" and self.actor == "human":
            return
        captured = self.trail.captured.get((message.rollout, message.step), 0)
        command = self.robot.command(message.action)
        if self.trail.running:
            decision = self.guard.command(command, captured, now)
        else:
            decision = Decision(command, None, "fresh: no episode runs")
        self.trail.answer(now)
        self.refused += bool(decision.reason)
        if decision.applied is not None:
            self.actor = actor
            self._keep(message, self.robot.action(decision.applied))
            self.pace.answered(time.monotonic_ns() - captured)
        yield self._command(actor, decision, captured)

    def _keep(self, message: Action, applied: np.ndarray) -> None:
        """Keeps the action for the transition: a person's as it was applied, a policy's as it was drawn."""
        drawn = message.action.reshape(applied.shape).astype(applied.dtype)
        action = applied if self.actor == "human" else drawn  # log_prob is the likelihood of what was drawn
        self.trail.act(action, message.log_prob, self.actor)

    def take_over(self) -> None:
        """A person acts from now on."""
        self.actor = "human"

    def give_back(self) -> None:
        """The policy acts from now on. Its answers in the meantime were ignored, so the episode counts as answered."""
        self.actor = "policy"
        self.trail.answer(time.monotonic_ns())

    def age(self, now: int) -> Iterator[Message]:
        """Holds the last command, or stops the device: the command is too old, or no answer could be applied."""
        if (decision := self.guard.tick(now)) is not None:
            yield self._command("guard", decision, 0)
        answered = self.trail.answered
        if answered and self.guard.state is State.ARMED and now - answered > self.robot.limits.hold:
            self.guard.stop("controlled stop: no answer could be applied")

    def _command(self, actor: Literal["policy", "human", "guard"], decision: Decision, captured: int) -> Message:
        """The outcome of a command, published as soon as it was written."""
        now = time.monotonic_ns()
        applied = np.zeros(0) if decision.applied is None else decision.applied
        return Command(
            *self.trail.time,
            actor=actor,
            requested=decision.requested,
            applied=applied,
            reason=decision.reason,
            captured=captured,
            written=now,
        )
