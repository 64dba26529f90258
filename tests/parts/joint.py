"""A joint that is placed, pushed and commanded, and checks each command; sequences of what can happen to it."""

from __future__ import annotations

import math
from random import Random

import numpy as np

from tutelage.drivers.driver import Channel, Driver, Reading
from tutelage.drivers.guard import Guard, State
from tutelage.drivers.limits import Limits

MS = 1_000_000
PERIOD = 20 * MS
LOW, HIGH, STEP, RATE = -2.0, 2.0, 0.05, 1.0
QUANTUM = 0.015
"""by which the rounding driver goes beyond what it is told, at most; less than the rate allows in a period"""

LIMITS = Limits(
    low=np.array([LOW]),
    high=np.array([HIGH]),
    step=np.array([STEP]),
    rate=np.array([RATE]),
    safe=np.array([0.0]),
    measured=np.array([0]),
    observed_low=np.array([-2.5]),
    observed_high=np.array([2.5]),
    moves=np.array([[True]]),
    stuck=np.array([2**62]),
    period=PERIOD,
    apply=2 * PERIOD,
    hold=5 * PERIOD,
)


class Joint(Driver):
    """Follows its command; between two motions it is limp. An honest one says what it was told, another rounds up."""

    observes = (Channel("position", "rad", -3.0, 3.0),)
    accepts = (Channel("goal", "rad", -3.0, 3.0),)

    def __init__(self, rounds: bool) -> None:
        self.rounds = rounds
        self.now = 10_000 * MS
        self.position = self.goal = self.seen = self.start = 0.0
        self.energised, self.written, self.writes = False, 0, 0

    def connect(self) -> None:
        """It is there."""

    def read(self) -> Reading:
        self.seen = self.position
        return Reading(np.array([self.position]), self.now)

    def write(self, command: np.ndarray) -> np.ndarray:
        goal = float(command[0])
        self._check(goal)
        self.energised, self.written, self.writes = True, self.now, self.writes + 1
        self.goal = math.ceil(goal / QUANTUM) * QUANTUM if self.rounds else goal
        self.start = min(HIGH, max(LOW, self.goal))
        return np.array([self.goal])

    def _check(self, goal: float) -> None:
        """The rate counts from where a motion begins, then from what was applied last."""
        if not self.energised:
            assert self.seen == self.position, f"it is at {self.position}, but was seen at {self.seen}"
            self.start, self.written = self.seen, 0
        seconds = min(self.now - self.written, PERIOD) / 1e9
        assert LOW <= goal <= HIGH, f"told {goal}, which is beyond its position"
        assert abs(goal - self.seen) <= STEP + 1e-12, f"told {goal} at {self.seen}"
        assert abs(goal - self.start) <= RATE * seconds + 1e-8, f"told {goal} after {self.start}, {seconds} s later"

    def stop(self) -> None:
        self.energised = False

    def place(self, seed: int) -> None:
        self.position = Random(seed).uniform(-2.2, 2.2)

    def close(self) -> None:
        self.energised = False

    def pass_time(self, nanoseconds: int) -> None:
        """It comes nearer to its goal."""
        self.now += nanoseconds
        if self.energised:
            self.position += (self.goal - self.position) * min(1.0, nanoseconds / (3 * PERIOD))

    def push(self, distance: float) -> None:
        """A hand, or a load, moves it."""
        self.position = min(2.6, max(-2.6, self.position + distance))


class Sequence:
    """A guard and its joint; each verb is something that can happen."""

    def __init__(self, rounds: bool) -> None:
        self.joint = Joint(rounds)
        self.guard = Guard(self.joint, LIMITS)

    def arm(self) -> None:
        self.guard.arm(self.joint.now)

    def place(self, seed: int) -> None:
        self.guard.place(seed)

    def push(self, distance: float) -> None:
        self.joint.push(distance)

    def read(self) -> None:
        self.guard.read(self.joint.now)

    def command(self, goal: float, age: int) -> None:
        self.guard.command(np.array([goal]), self.joint.now - age, self.joint.now)

    def pass_time(self, nanoseconds: int) -> None:
        """What a loop does when time has passed: it reads, and looks after the last command."""
        self.joint.pass_time(nanoseconds)
        self.guard.read(self.joint.now)
        self.guard.tick(self.joint.now)

    def rest(self) -> None:
        self.guard.rest()

    def stop(self) -> None:
        self.guard.stop("ordered")


def play(sequence: Sequence, draws: Random) -> None:
    """One episode as it may come: armed, placed or moved by hand, commanded, held, pushed, at rest."""
    if sequence.guard.state is not State.ARMED:
        sequence.push(-0.5 * sequence.joint.position)
        sequence.arm()
    if draws.random() < 0.5:
        sequence.place(draws.getrandbits(32))
    if draws.random() < 0.5:
        sequence.push(draws.gauss(0.0, 0.3))
    for _ in range(draws.randrange(1, 5)):
        sequence.command(draws.uniform(-2.5, 2.5), draws.choice((0, PERIOD, 3 * PERIOD)))
        if draws.random() < 0.1:
            sequence.push(draws.gauss(0.0, 0.1))
        sequence.pass_time(draws.choice((1, MS, PERIOD, PERIOD, 3 * PERIOD, 6 * PERIOD)))
    sequence.rest()
