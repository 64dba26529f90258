"""Whatever happens to a joint, and in whatever order: no command beyond what its limits allow from where it is."""

from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.parts.joint import MS, PERIOD, Sequence, play
from tutelage.drivers.guard import State


class Joints(RuleBasedStateMachine):
    """Each rule is something that can happen; the joint itself checks what it is told."""

    @initialize(rounds=st.booleans())
    def begin(self, rounds):
        self.sequence = Sequence(rounds)

    @rule()
    def arm(self):
        self.sequence.arm()

    @rule(seed=st.integers(0, 100))
    def place(self, seed):
        self.sequence.place(seed)

    @rule(distance=st.floats(-1.0, 1.0))
    def is_moved_by_hand(self, distance):
        self.sequence.push(distance)

    @rule()
    def read(self):
        self.sequence.read()

    @rule(goal=st.floats(-3.0, 3.0), age=st.integers(-1, 3 * PERIOD))
    def command(self, goal, age):
        self.sequence.command(goal, age)

    @rule(nanoseconds=st.integers(1, 6 * PERIOD) | st.sampled_from([1, MS, PERIOD, 3 * PERIOD]))
    def time_passes(self, nanoseconds):
        self.sequence.pass_time(nanoseconds)

    @rule()
    def rest(self):
        self.sequence.rest()

    @rule()
    def stop(self):
        self.sequence.stop()


Joints.TestCase.settings = settings(max_examples=100, stateful_step_count=20, deadline=None)
TestJoints = Joints.TestCase


@pytest.mark.parametrize("rounds", [False, True])
@pytest.mark.parametrize("count", [2_000, pytest.param(500_000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
def test_episodes_as_they_come(rounds, count):
    """`python bench/guard.py` plays a million."""
    sequence, draws = Sequence(rounds), Random(0)
    for _ in range(count):
        play(sequence, draws)
    assert sequence.joint.writes > count


@pytest.mark.parametrize("rounds", [False, True])
def test_who_is_not_pushed_is_never_stopped_by_its_limits(rounds):
    sequence, draws = Sequence(rounds), Random(1)
    sequence.arm()
    for _ in range(2_000):
        sequence.command(draws.uniform(-2.5, 2.5), 0)
        sequence.pass_time(draws.choice((1, MS, PERIOD, 2 * PERIOD)))
        assert sequence.guard.state in (State.ARMED, State.MOVING), sequence.guard.reason
