"""A device in the simulator's place: it hears and says the same, but the world does not wait for its answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from tutelage import Message, Node
from tutelage.drivers.guard import MAY_MOVE, Decision, Guard, State
from tutelage.drivers.pace import Pace
from tutelage.drivers.robot import load
from tutelage.drivers.starter import Starter
from tutelage.drivers.trail import Trail
from tutelage.input.problems import Problem, Refusal, complain
from tutelage.messages import Action, Begin, Command, Episode, Observation, Order, Reward, Safety, Timing, Transition
from tutelage.tasks.task import Env

TIMING_SECONDS = 1.0


class Hardware(Node):
    """Says an observation every period, and writes each answer as soon as it comes, through the guard.

    A step lasts from one deadline to the next. Its transition has the action that was in effect: a policy's as it was
    drawn, a person's as it was applied. Between episodes logical time stands still, and the device is in its safe
    state; an episode's time begins to run when its first observation is answered. An episode that the guard cuts short
    counts as truncated.

    It ends when nobody acts any more, or after `seconds`. When nothing has moved for `patience` seconds a run fails:
    there seems to be nobody who could arm it, or begin an episode (0: it waits for ever).
    """

    hears = (Action,)
    may_hear = (Begin, Order)
    says = (Observation, Transition, Reward, Episode, Safety, Command, Timing)
    order = "arrival"
    clock = interruptible = realtime = True

    def __init__(
        self,
        robot: str,
        env: Env | None = None,
        rollout_steps: int = 64,
        port: str = "",
        seconds: float = 0.0,
        episode_steps: int = 0,
        patience: float = 60.0,
    ) -> None:
        self.file, self.robot = robot, load(Path(robot), env, port)
        self.guard = Guard(self.robot.driver, self.robot.limits)
        self.pace = Pace(self.robot.rate)
        self.trail = Trail(rollout_steps)
        self.starter = Starter(self.robot, self.guard, self.pace)
        self.episode_steps = episode_steps or self.robot.task.episode_steps
        if not self.episode_steps:
            what = f"its task's environment, {self.robot.task.env}, has no time limit: say in the task's class after "
            what += "how many steps an episode ends, episode_steps = NUMBER"
            raise Refusal([Problem(robot, what)])
        self.seconds, self.patience = seconds, patience
        self.actor: Literal["policy", "human"] = "policy"  # who is heeded: policy or human
        self.helped = False  # a person has acted in the running episode
        self.refused = 0  # commands that were not applied as they were asked for
        self.said = ("", "")  # the guard's state and reason as they were said last
        self.begun = self.answered = 0  # ns: when the run began, when the running episode was answered first
        self.well = self.timed = 0  # ns: when all was well last, when timing was said last

    def lacks(self, unsaid: frozenset[type[Message]]) -> None:
        if self.robot.start == "operator" and unsaid & {Begin, Order}:
            what = "says start: operator (the default), but nobody here arms it and begins its episodes: say "
            what += "start: automatic in it, or let an operator do it (hardware.yaml operator:=keyboard, record.yaml)"
            raise Refusal([Problem(self.file, what)])

    def start(self) -> tuple[Message, ...]:
        self.begun = self.well = self.timed = time.monotonic_ns()
        self.pace.begin(self.begun)
        return ()

    def due(self) -> float:
        return min(self.pace.deadline, self.guard.expires) / 1e9

    def hear(self, message: Message) -> Iterator[Message]:
        match message:
            case Action():
                yield from self._act(message)
            case Begin():
                yield from self._begin_when_asked(message.reason)
            case Order():
                yield from self._obey(message)

    def tick(self) -> Iterator[Message]:
        now = time.monotonic_ns()
        if now < self.pace.deadline:  # only the guard's time has come
            yield from self._grow_old(now)
            yield from self._end_if_stopped(now)
            yield from self._tell()
            return
        self.pace.keep(now)
        self.guard.insist()
        if self.trail.running:
            yield from self._step(now)
        else:
            yield from self._idle(now)
        yield from self._tell()
        self._give_up()
        if self.seconds and now - self.begun > self.seconds * 1e9:
            if self.guard.state is State.FAULT:
                raise RuntimeError(f"the run's time is over, and the device cannot be used: {self.guard.reason}")
            self.done = True

    def _act(self, message: Action) -> Iterator[Message]:
        """Writes an action, if the guard lets it. Once a person has acted, the policy's wait for `give back`."""
        now = time.monotonic_ns()
        actor: Literal["policy", "human"] = "human" if message.policy_version < 0 else "policy"
        if actor == "policy" and self.actor == "human":
            return
        captured = self.trail.captured.get((message.rollout, message.step), 0)
        command = self.robot.command(message.action)
        if self.trail.running:
            verdict = self.guard.command(command, captured, now)
        else:
            verdict = Decision(command, None, "fresh: no episode runs")
        self.answered = self.answered or now
        self.refused += bool(verdict.reason)
        if verdict.applied is not None:
            self.actor = actor
            self.helped = self.helped or actor == "human"
            applied = self.robot.action(verdict.applied)
            drawn = message.action.reshape(applied.shape).astype(applied.dtype)
            self.trail.action = applied if actor == "human" else drawn  # the likelihood is that of what was drawn
            self.trail.log_prob = message.log_prob
            self.pace.answered(time.monotonic_ns() - captured)
        yield self._command(actor, verdict, captured)

    def _step(self, now: int, cut: bool = False) -> Iterator[Message]:
        """The step that began a period ago is over, and with it perhaps the episode."""
        reading = self.guard.read(now)
        if not (self.answered or cut) and self.guard.state is State.ARMED:
            return  # logical time stands still until the policy answers
        yield from self._grow_old(now)
        after = self.robot.observe(reading.values) if reading else self.trail.observation
        terminated = self.robot.task.terminated(after)
        cut = cut or self.guard.state not in MAY_MOVE
        truncated = cut or (not terminated and self.trail.length + 1 >= self.episode_steps)
        reward = self.robot.reward(self.trail.observation, self.guard.applied)
        yield from self.trail.step(after, terminated, truncated, reward)
        if reading and not (terminated or truncated):
            yield self.trail.observe(after, reading.captured)
        else:
            self.guard.rest()
            self.starter.ended()
            yield self.trail.end("human" if self.helped else self.actor)

    def _grow_old(self, now: int) -> Iterator[Message]:
        """What the guard makes of answers that do not come, or of which none can be applied."""
        if (verdict := self.guard.tick(now)) is not None:
            yield self._command("guard", verdict, 0)
        if self.answered and self.guard.state is State.ARMED and now - self.answered > self.robot.limits.hold:
            self.guard.stop("controlled stop: no answer could be applied")

    def _end_if_stopped(self, now: int) -> Iterator[Message]:
        """What the guard has stopped is over at once, so that arming cannot revive it."""
        if self.trail.running and self.guard.state not in MAY_MOVE:
            yield from self._step(now, cut=True)

    def _idle(self, now: int) -> Iterator[Message]:
        """Between episodes."""
        if self.starter.may_begin(self.guard.read(now), now):
            yield from self._begin("ready")

    def _begin_when_asked(self, reason: str) -> Iterator[Message]:
        """Cuts off the episode that runs. A robot that begins by itself does so when it was placed."""
        if self.trail.running:
            yield from self._step(time.monotonic_ns(), cut=True)
        if not self.starter.by_itself or self.guard.state not in MAY_MOVE:
            yield from self._begin(reason)

    def _begin(self, reason: str) -> Iterator[Message]:
        """Begins an episode, if it can."""
        reading = self.guard.read(time.monotonic_ns())
        if reading and self.guard.state is State.ARMED:
            self.answered, self.helped = 0, False
            yield self.trail.begin(self.robot.observe(reading.values), reading.captured)
        else:
            why = f"cannot begin ({reason}): {self.guard.reason}"
            yield Safety(*self.trail.time, state=self.guard.state.value, reason=why)

    def _obey(self, message: Order) -> Iterator[Message]:
        """An order that is not known is taken for a stop."""
        match message.order:
            case "arm":
                self.starter.arm()
            case "disarm":
                self.starter.stopped()
                self.guard.disarm(f"ordered: {message.reason}")
            case "take over":
                self.actor = "human"
            case "give back":
                self.actor = "policy"
                self.answered = self.answered or time.monotonic_ns()  # what it has answered meanwhile went unheard
            case _:
                self.starter.stopped()
                self.guard.stop(f"ordered to {message.order}: {message.reason}")
        yield from self._end_if_stopped(time.monotonic_ns())
        yield from self._tell()

    def _tell(self, always: bool = False) -> Iterator[Message]:
        """Says how the guard is when that has changed, and now and then how time was kept."""
        now = time.monotonic_ns()
        how = (self.guard.state.value, self.guard.reason)
        if how != self.said:
            self.said = how
            complain(": ".join(filter(None, how)))
            yield Safety(*self.trail.time, state=how[0], reason=how[1])
        if always or now - self.timed > TIMING_SECONDS * 1e9:
            self.timed = now
            yield self.pace.timing(self.trail.time, self.refused, self.guard.stops)

    def _give_up(self) -> None:
        """A run in which nothing moves any more, and nobody helps, must not go on for ever."""
        now, why = time.monotonic_ns(), self._standstill()
        self.well = self.well if why else now
        if self.patience and now - self.well > self.patience * 1e9:
            raise RuntimeError(f"nothing has moved for {self.patience:g} s, and {why}")

    def _standstill(self) -> str:
        """Why no episode goes on; empty where one does."""
        if self.guard.state not in MAY_MOVE:
            return f"nobody has armed it: {self.guard.reason}"
        if not self.trail.running:
            return "no episode has begun: " + (
                "the robot has not come to where one can begin" if self.starter.by_itself else "nobody has said so"
            )
        return "" if self.answered else f"the {self.actor} does not answer"

    def _command(self, actor: Literal["policy", "human", "guard"], verdict: Decision, captured: int) -> Message:
        """What became of a command, said as soon as it was written."""
        now = time.monotonic_ns()
        applied = np.zeros(0) if verdict.applied is None else verdict.applied
        return Command(
            *self.trail.time,
            actor=actor,
            requested=verdict.requested,
            applied=applied,
            reason=verdict.reason,
            captured=captured,
            written=now,
        )

    def interrupt(self) -> None:
        self.guard.disarm("the run was interrupted")
        self.done = True

    def finish(self) -> Iterator[Message]:
        self.guard.disarm("the run has ended")
        yield from self._tell(always=True)

    def close(self) -> None:
        self.guard.close()
