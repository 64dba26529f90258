"""The guard, to every branch: bench/mutants.py counts which changes of it these tests do not notice."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tutelage.drivers.connection import TRIES
from tutelage.drivers.driver import Channel, Driver, DriverError, Reading
from tutelage.drivers.guard import Guard, State
from tutelage.drivers.limits import Limits
from tutelage.input.problems import Refusal

MS = 1_000_000
PERIOD, APPLY, HOLD, STUCK = 20 * MS, 40 * MS, 100 * MS, 500 * MS
ACT, HELD = 10_000 * MS, "held: no action since {} ms ago"


class Arm(Driver):
    """A position that is commanded and measured, and a force that is commanded. What it is told is kept in `told`."""

    observes = (Channel("position", "rad", -3, 3), Channel("velocity", "rad/s", -9, 9))
    accepts = (Channel("goal", "rad", -3, 3), Channel("force", "N", -10, 10))

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.values, self.captured = np.array([0.5, 0.0]), ACT
        self.broken: set[str] = set()
        self.says: np.ndarray | None = None  # what it pretends to have applied

    def _do(self, verb: str) -> None:
        self.told.append(verb)
        if verb in self.broken:
            raise DriverError(f"cannot {verb}")

    def connect(self) -> None:
        self._do("connect")

    def read(self) -> Reading:
        if "read" in self.broken:
            raise DriverError("cannot read")
        return Reading(np.array(self.values), self.captured)

    def write(self, command: np.ndarray) -> np.ndarray:
        self._do("write")
        self.told[-1] = [round(float(one), 6) for one in command]
        return command.round(1) if self.says is None else self.says

    def stop(self) -> None:
        self._do("stop")

    def place(self, seed: int) -> None:
        self._do("place")
        self.told[-1] = seed

    def close(self) -> None:
        self._do("close")


LIMITS = Limits(
    low=np.array([-1.0, -5.0]),
    high=np.array([1.0, 5.0]),
    step=np.array([np.inf, np.inf]),
    rate=np.array([np.inf, np.inf]),
    safe=np.array([9.0, 0.0]),
    measured=np.array([0, -1]),
    observed_low=np.array([-2.0, -9.0]),
    observed_high=np.array([2.0, 9.0]),
    period=PERIOD,
    apply=APPLY,
    hold=HOLD,
    moves=np.ones((2, 2), bool),
    stuck=np.array([STUCK, STUCK]),
)


@pytest.fixture
def arm() -> Arm:
    return Arm()


def guarded(arm: Arm, moving: bool = True, **limits: Any) -> Any:
    """An armed guard, by default with a device that moves; what it was told so far is forgotten."""
    guard = Guard(arm, replace(LIMITS, **limits))
    guard.arm(ACT)
    assert guard.state is State.ARMED, guard.reason
    if moving:
        assert guard.command(np.array([0.5, 1.0]), ACT, ACT).reason == ""
    arm.told.clear()
    return guard


def told(*command: float) -> np.ndarray:
    return np.array(command)


def test_the_states_are_said_in_these_words():
    assert [state.value for state in State] == ["disarmed", "armed", "moving", "stopped", "fault"]


# Arming.


def test_it_begins_disarmed_unconnected_and_lets_nothing_through(arm):
    guard: Any = Guard(arm, LIMITS)
    assert (guard.state, guard.reason, guard.stops) == (State.DISARMED, "it was not armed yet", 0)
    assert guard.read(ACT) is None
    verdict = guard.command(told(0, 0), ACT, ACT)
    assert (verdict.applied, verdict.reason) == (None, "armed: the device is disarmed, for it was not armed yet")
    assert guard.applied.tolist() == [9.0, 0.0]
    assert arm.told == []


def test_arming_connects_once_stops_and_reads(arm):
    guard: Any = Guard(arm, LIMITS)
    guard.arm(ACT)
    assert (guard.state, guard.reason) == (State.ARMED, "")
    assert guard.applied.tolist() == [0.5, 0.0]  # where it is, and the safe force
    assert guard.reading.values.tolist() == [0.5, 0.0]
    guard.disarm("by hand")
    guard.arm(ACT)
    assert arm.told == ["connect", "stop", "stop", "stop"]


@pytest.mark.parametrize("moving", [False, True])
def test_arming_what_is_armed_does_nothing(arm, moving):
    guard = guarded(arm, moving)
    before = guard.state
    guard.arm(ACT)
    assert (guard.state, arm.told) == (before, [])


@pytest.mark.parametrize("verb", ["connect", "stop", "read"])
def test_what_cannot_be_armed_is_a_fault_and_is_connected_anew(arm, verb):
    arm.broken = {verb}
    guard: Any = Guard(arm, LIMITS)
    guard.arm(ACT)
    assert (guard.state, guard.reason, guard.stops) == (State.FAULT, f"cannot {verb}", 0)
    assert guard.applied.tolist() == [9.0, 0.0]
    assert arm.told[-2:] == {"connect": ["connect"], "stop": ["stop", "stop"], "read": ["stop", "close"]}[verb]
    arm.broken = set()
    guard.arm(ACT)
    assert (guard.state, guard.reason, guard.stops) == (State.ARMED, "", 0)
    assert arm.told[-2:] == ["connect", "stop"]


# Commands: shape, finite, fresh, armed, then the limits.


def test_a_command_within_all_limits_is_written_as_it_is(arm):
    guard = guarded(arm, moving=False)
    verdict = guard.command(told(0.61, -2.04), ACT, ACT + 1)
    assert (verdict.applied.tolist(), verdict.reason) == ([0.6, -2.0], "")  # what the device says that it was told
    assert verdict.requested.tolist() == [0.61, -2.04]
    assert guard.applied.tolist() == [0.6, -2.0]
    assert arm.told == [[0.61, -2.04]]
    assert guard.state is State.MOVING


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("command", "captured", "now", "reason"),
    [
        ((0.5,), ACT, ACT, "shape: [1] instead of [2]"),
        ((NAN, 0.0), ACT, ACT, "finite: it is not a number"),
        ((0.5, INF), ACT, ACT, "finite: it is not a number"),
        ((0.5, 0.0), ACT, ACT + APPLY + 1 * MS, "fresh: it answers an observation of 41 ms ago"),
        ((0.5, 0.0), ACT + 1, ACT, "fresh: it answers an observation of -0 ms ago"),
        ((0.5, 0.0), ACT - 1, ACT, "fresh: a later observation has been answered"),
        ((NAN,), ACT - 1, ACT + APPLY * 9, "shape: [1] instead of [2]"),
        ((NAN, 0.0), ACT - 1, ACT + APPLY * 9, "finite: it is not a number"),
    ],
)
def test_what_is_not_right_is_refused_and_counts_as_if_it_had_not_come(arm, command, captured, now, reason):
    guard = guarded(arm)
    verdict = guard.command(told(*command), captured, now)
    assert (verdict.applied, verdict.reason) == (None, reason)
    assert verdict.requested.tolist() == pytest.approx(list(command), nan_ok=True)
    assert (arm.told, guard.applied.tolist(), guard.state) == ([], [0.5, 1.0], State.MOVING)
    assert guard.tick(ACT + HOLD + 1).applied is None  # its age runs from the last good one


def test_an_action_is_fresh_up_to_the_first_age_and_may_answer_the_same_observation_again(arm):
    guard = guarded(arm)
    assert guard.command(told(0.5, 2), ACT, ACT + APPLY).reason == ""
    assert guard.command(told(0.5, 3), ACT + APPLY, ACT + APPLY).reason == ""
    assert arm.told == [[0.5, 2.0], [0.5, 3.0]]


def test_position_limits(arm):
    guard = guarded(arm)
    verdict = guard.command(told(1.5, -7), ACT, ACT)
    assert (arm.told, verdict.reason) == ([[1.0, -5.0]], "limited: position")
    assert verdict.requested.tolist() == [1.5, -7]


@pytest.mark.parametrize(("goal", "written"), [(0.9, 0.7), (0.1, 0.3), (0.6, 0.6)])
def test_step_limit_is_counted_from_what_is_measured(arm, goal, written):
    guard = guarded(arm, step=np.array([0.2, 0.2]))
    verdict = guard.command(told(goal, 5), ACT, ACT)  # the force is not measured: it has no step
    assert arm.told == [[written, 5.0]]
    assert verdict.reason == ("" if goal == written else "limited: step")
    arm.values = np.array([0.0, 0.0])
    guard.read(ACT)
    guard.command(told(goal, 5), ACT, ACT)
    assert arm.told[-1] == [min(goal, 0.2), 5.0]


@pytest.mark.parametrize(
    ("after", "most"),
    [
        (0, 1.0),
        (5 * MS, 1.5),
        (PERIOD, 3.0),
        (PERIOD + 5 * MS, 3.0),
    ],  # by the time since the last write, a period at most
)
def test_rate_limit(arm, after, most):
    guard = guarded(arm, rate=np.array([INF, 100.0]))
    verdict = guard.command(told(0.5, 5), ACT + after, ACT + after)
    assert arm.told == [[0.5, most]]
    assert verdict.reason == "limited: rate"
    guard.command(told(0.5, -5), ACT + after, ACT + after + PERIOD)
    assert arm.told[-1] == [0.5, most - 2]


def test_rate_limit_leaves_a_period_of_motion_to_the_first_command(arm):
    guard = guarded(arm, moving=False, rate=np.array([10.0, 100.0]))
    verdict = guard.command(told(1, 5), ACT, ACT)
    assert arm.told == [[0.7, 2.0]]
    assert verdict.reason == "limited: rate"


def test_all_limits_at_once_are_all_named(arm):
    guard = guarded(arm, step=np.array([0.3, INF]), rate=np.array([10.0, INF]))
    verdict = guard.command(told(2, 0), ACT + PERIOD, ACT + PERIOD)
    assert arm.told == [[0.7, 0.0]]
    assert verdict.reason == "limited: position, step, rate"


def test_scaled_limits_allow_less_of_step_rate_and_what_nothing_measures(arm):
    limits = replace(LIMITS, step=np.array([0.4, np.inf]), rate=np.array([10.0, 100.0]), safe=np.array([9.0, 1.0]))
    half = limits.scaled(0.5)
    assert half.step.tolist() == half.reach.tolist() == [0.2, np.inf] and half.rate.tolist() == [5.0, 50.0]
    assert half.low.tolist() == [-1.0, -2.0] and half.high.tolist() == [1.0, 3.0]
    assert half.safe.tolist() == [9.0, 1.0] and half.hold == limits.hold
    for wrong in (0.0, 1.01, np.nan):
        with pytest.raises(Refusal, match="must be above 0 and at most 1"):
            limits.scaled(wrong)


def test_limits_that_are_lowered_amid_a_motion_bring_it_back_at_once_and_are_raised_again(arm):
    guard = guarded(arm, rate=np.array([np.inf, 100.0]))
    for step in range(1, 5):
        arm.captured = ACT + step * PERIOD
        guard.read(ACT + step * PERIOD)
        guard.command(told(0.5, 5.0), ACT + step * PERIOD, ACT + step * PERIOD)
    assert guard.applied.tolist() == [0.5, 5.0]
    guard.scale(0.2)
    for now, most, why in ((ACT + 5 * PERIOD, 1.0, "limited: position"), (ACT + 6 * PERIOD, 3.0, "limited: rate")):
        arm.captured = now
        guard.read(now)
        verdict = guard.command(told(0.5, 5.0), now, now)
        assert verdict.applied is not None and verdict.applied.tolist() == [0.5, most] and verdict.reason == why
        guard.scale(1.0)
    assert guard.state is State.MOVING and guard.stops == 0


def test_limits_that_are_lowered_amid_a_motion_do_not_stop_it(arm):
    """It was told to go .35 away from where it is, when a step becomes .04 and the rate .02 a period."""
    guard = guarded(arm, step=np.array([0.4, INF]), rate=np.array([10.0, INF]))
    now, arm.says = ACT + PERIOD, np.array([0.35, 0.0])
    arm.values = np.array([0.2, 0.0])
    for goal in (0.4, 0.55):
        arm.captured = now
        guard.read(now)
        arm.says = np.array([goal, 0.0])
        assert guard.command(told(goal, 0), now, now).applied is not None
        now += PERIOD
    guard.scale(0.1)
    for at, most in ((0.2, 0.24), (0.25, 0.26)):
        arm.values, arm.captured, arm.says = np.array([at, 0.0]), now, np.array([most, 0.0])
        guard.read(now)
        verdict = guard.command(told(0.55, 0), now, now)
        assert arm.told[-1] == [pytest.approx(most), 0.0], verdict
        now += PERIOD
    assert guard.state is State.MOVING and guard.stops == 0


def test_a_write_that_fails_is_a_fault(arm):
    guard = guarded(arm)
    arm.broken = {"write"}
    verdict = guard.command(told(0.4, 0), ACT, ACT)
    assert (verdict.applied, verdict.reason) == (None, "cannot write")
    assert verdict.requested.tolist() == [0.4, 0]
    assert (guard.state, guard.reason, arm.told) == (State.FAULT, "cannot write", ["write", "stop", "close"])


@pytest.mark.parametrize("says", [[NAN, 0.0], [0.4, INF], [0.4], [[0.4, 0.0]]])
@pytest.mark.parametrize("act", [lambda g: g.command(told(0.4, 0), ACT, ACT), lambda g: g.tick(ACT + HOLD)])
def test_a_driver_that_says_it_applied_what_cannot_be_is_a_fault(arm, says, act):
    guard = guarded(arm)
    arm.says = np.array(says)
    verdict = act(guard)
    assert (verdict.applied, verdict.reason) == (None, f"the driver says it applied {says} when told {arm.told[0]}")
    assert (guard.state, guard.reason, guard.stops) == (State.FAULT, verdict.reason, 1)
    assert arm.told[1:] == ["stop", "close"]
    assert guard.applied.tolist() == [0.5, 1.0]  # the last that can be believed: it bounds the next
    arm.says = None
    guard.arm(ACT)
    assert guard.command(told(0.4, 0), ACT, ACT).applied.tolist() == [0.4, 0.0]


def test_what_the_limits_make_no_number_of_is_not_written(arm):
    guard = guarded(arm, high=np.array([1.0, NAN]), moving=False)
    verdict = guard.command(told(0.5, 1), ACT, ACT)
    why = "the limits turned a command into [0.5, nan]: is one not a number?"
    assert (verdict.applied, verdict.reason, guard.reason, guard.state) == (None, why, why, State.FAULT)
    assert arm.told == ["stop", "close"]


@pytest.mark.parametrize("where", [1.5, -1.5])
@pytest.mark.parametrize("limit", [{"step": np.array([0.1, INF])}, {"rate": np.array([5.0, INF])}])
def test_where_the_limits_contradict_each_other_it_stops(arm, where, limit):
    """It stands beyond its position limits, farther than its step or rate reaches."""
    arm.values = np.array([where, 0.0])
    guard = guarded(arm, moving=False, **limit)
    verdict = guard.command(told(0, 0), ACT, ACT)
    why = f"position, step and rate leave no command: it is at [{where}, 0.0], and was told [{where}, 0.0]"
    assert (verdict.applied, verdict.reason, guard.reason) == (None, f"limits: {why}", f"controlled stop: {why}")
    assert (guard.state, guard.stops, arm.told) == (State.STOPPED, 1, ["stop"])


def test_what_stands_a_little_outside_is_brought_back(arm):
    arm.values = np.array([1.05, 0.0])
    guard = guarded(arm, moving=False, step=np.array([0.1, INF]), rate=np.array([5.0, INF]))
    assert guard.command(told(1.5, 0), ACT, ACT).reason == "limited: position"
    assert arm.told == [[1.0, 0.0]]


def test_a_rate_that_is_not_yet_enough_is_waited_for_a_period_then_it_stops(arm):
    """Pushed away, it would have to be told something nearer, faster than it may be told so."""
    guard = guarded(arm, step=np.array([0.2, INF]), rate=np.array([5.0, INF]))
    arm.values = np.array([0.1, 0.0])
    guard.read(ACT)
    verdict = guard.command(told(0.5, 1), ACT + MS, ACT + MS)
    assert (verdict.applied, verdict.reason[:46]) == (None, "limits: position, step and rate leave no comma")
    assert (guard.state, arm.told) == (State.MOVING, [])
    guard.command(told(0.5, 1), ACT + PERIOD, ACT + PERIOD)
    assert (guard.state, arm.told) == (State.STOPPED, ["stop"])
    assert "it is at [0.1, 0.0], and was told [0.5, 1.0]" in guard.reason


@pytest.mark.parametrize("moved", ["placed", "by hand"])
def test_the_first_command_starts_from_where_the_device_is(arm, moved):
    """Armed at 0.5, it is somewhere else by the time of the first command, and nobody has read it there."""
    guard = guarded(arm, moving=False, step=np.array([0.05, INF]), rate=np.array([1.0, INF]))
    if moved == "placed":
        guard.place(3)
    arm.values = np.array([-0.5, 0.0])
    assert guard.command(told(-0.5, 0), ACT, ACT).reason == ""
    assert arm.told[-1] == [-0.5, 0.0]
    guard.rest()
    arm.values = np.array([0.9, 0.0])
    guard.command(told(-0.5, 0), ACT, ACT)
    assert arm.told[-1] == [0.88, 0.0]


def test_what_cannot_be_read_or_is_outside_does_not_begin_to_move(arm):
    guard = guarded(arm, moving=False)
    arm.values = np.array([2.1, 0.0])
    verdict = guard.command(told(0.5, 0), ACT, ACT)
    assert (verdict.reason, guard.state) == ("position: position is outside its limits", State.ARMED)
    arm.broken = {"read"}
    verdict = guard.command(told(0.5, 0), ACT, ACT)
    assert (verdict.applied, verdict.reason, guard.state) == (None, "cannot read", State.FAULT)
    assert arm.told == ["stop", "close"]


def test_what_a_driver_has_rounded_beyond_the_limits_is_held_within_them(arm):
    guard = guarded(arm, moving=False)
    arm.says = np.array([0.5, 5.1])
    assert guard.command(told(0.5, 5), ACT, ACT).applied.tolist() == [0.5, 5.1]
    held = guard.tick(ACT + HOLD)
    assert arm.told == [[0.5, 5.0], [0.5, 5.0]]
    assert (held.requested.tolist(), held.reason) == ([0.5, 5.1], HELD.format(100) + "; limited: position")


def test_rounding_beyond_the_limits_does_not_use_up_the_rate(arm):
    guard = guarded(arm, moving=False, rate=np.array([INF, 1000.0]))
    arm.says = np.array([0.5, 5.1])
    guard.command(told(0.5, 5), ACT, ACT)
    assert guard.command(told(0.5, 5), ACT, ACT + 1).reason == ""
    assert arm.told[-1] == [0.5, 5.0]


def test_time_may_begin_at_zero(arm):
    guard: Any = Guard(arm, LIMITS)
    arm.captured = 0
    guard.arm(0)
    assert guard.command(told(0.5, 1), 0, 0).reason == ""


def test_limits_are_not_to_be_changed():
    with pytest.raises(AttributeError):
        LIMITS.hold = 10 * HOLD  # type: ignore[misc]


def test_a_driver_that_says_less_than_it_reads_is_found_out(arm):
    guard = guarded(arm)
    arm.values = np.array([NAN, NAN, NAN])
    guard.read(ACT)
    assert guard.reason == "the driver read [3] numbers instead of 2"


# Ages.


def test_the_ladder_of_ages(arm):
    guard = guarded(arm)
    assert guard.tick(ACT + APPLY) is None
    held = guard.tick(ACT + APPLY + 1 * MS)
    assert (held.applied.tolist(), held.requested.tolist(), held.reason) == ([0.5, 1.0], [0.5, 1.0], HELD.format(41))
    assert guard.tick(ACT + HOLD).applied.tolist() == [0.5, 1.0]
    assert (guard.state, arm.told) == (State.MOVING, [[0.5, 1.0], [0.5, 1.0]])
    last = guard.tick(ACT + HOLD + 1 * MS)
    assert (last.applied, last.requested.tolist()) == (None, [0.5, 1.0])
    assert last.reason == guard.reason == "controlled stop: no action since 101 ms ago"
    assert (guard.state, guard.stops, arm.told[2:]) == (State.STOPPED, 1, ["stop"])


def test_it_says_when_it_must_be_asked_to_stop(arm):
    guard = guarded(arm, moving=False)
    assert guard.expires == INF
    guard.command(told(0.5, 1), ACT, ACT)
    assert guard.expires == ACT + HOLD + 1
    assert guard.tick(int(guard.expires) - 1).applied is not None
    assert guard.tick(int(guard.expires)).applied is None
    assert guard.expires == INF


def test_a_stop_is_latched_until_it_is_armed(arm):
    guard = guarded(arm)
    guard.tick(ACT + 2 * HOLD)
    arm.told.clear()
    now = ACT + 3 * HOLD
    verdict = guard.command(told(0.5, 1), now, now)
    assert verdict.reason == "armed: the device is stopped, for controlled stop: no action since 200 ms ago"
    assert guard.tick(now) is None
    guard.rest()
    assert (guard.state, arm.told) == (State.STOPPED, [])
    arm.captured = now
    guard.arm(now)
    assert guard.command(told(0.5, 1), now, now).reason == ""
    assert (guard.state, guard.stops) == (State.MOVING, 1)


def test_the_ages_run_only_while_something_moves(arm):
    guard = guarded(arm, moving=False)
    assert guard.tick(ACT + 10 * HOLD) is None
    assert guard.state is State.ARMED


def test_a_held_command_that_cannot_be_written_is_a_fault(arm):
    guard = guarded(arm)
    arm.broken = {"write"}
    assert guard.tick(ACT + HOLD).reason == "cannot write"
    assert guard.state is State.FAULT


# Readings.


@pytest.mark.parametrize(
    ("values", "captured", "reason"),
    [
        ([NAN, 0], ACT, "the sensor of position gives no number"),
        ([0.5, INF], ACT, "the sensor of velocity gives no number"),
        ([NAN, NAN], ACT, "the sensor of position, velocity gives no number"),
        ([0.5], ACT, "the driver read [1] numbers instead of 2"),
        ([0.5, 0], ACT - HOLD - 1 * MS, "the newest reading is 101 ms old"),
    ],
)
@pytest.mark.parametrize("moving", [False, True])
def test_a_reading_that_cannot_be_trusted_is_a_fault(arm, values, captured, reason, moving):
    guard = guarded(arm, moving)
    arm.values, arm.captured = np.array(values, float), captured
    assert guard.read(ACT) is None
    assert (guard.state, guard.reason, guard.stops) == (State.FAULT, reason, 1)
    assert arm.told == ["stop", "close"]
    assert guard.reading.values.tolist() == [0.5, 0.0]  # the last good one
    assert guard.read(ACT) is None  # nobody asks a device that was let go of
    guard.arm(ACT)
    assert (guard.state, guard.stops) == (State.FAULT, 1)


def test_a_reading_as_old_as_an_action_may_be_held_is_good(arm):
    guard = guarded(arm)
    arm.captured = ACT - HOLD
    assert guard.read(ACT) is not None


@pytest.mark.parametrize("position", [2.1, -2.1])
def test_a_reading_outside_its_limits_is_a_protective_stop(arm, position):
    guard = guarded(arm)
    arm.values = np.array([position, 0.0])
    assert guard.read(ACT).values.tolist() == [position, 0.0]
    assert (guard.state, guard.reason) == (State.STOPPED, "protective stop: position is outside its limits")
    assert arm.told == ["stop"]


@pytest.mark.parametrize("position", [2.0, -2.0])
def test_a_reading_at_its_limit_is_inside(arm, position):
    guard = guarded(arm)
    arm.values = np.array([position, 0.0])
    guard.read(ACT)
    assert guard.state is State.MOVING


def test_nothing_is_moved_from_outside_the_limits(arm):
    guard = guarded(arm, moving=False)
    arm.values = np.array([2.1, 0.0])
    guard.read(ACT)
    verdict = guard.command(told(0.5, 0), ACT, ACT)
    assert (verdict.applied, verdict.reason) == (None, "position: position is outside its limits")
    assert (guard.state, arm.told) == (State.ARMED, [])
    arm.values = np.array([1.9, 0.0])
    guard.read(ACT)
    assert guard.command(told(0.5, 0), ACT, ACT).reason == ""


def driven(guard: Guard, arm: Arm, forces: Any, goal: float = 0.5, changing: int = -1) -> int | None:
    """How many commands it takes until something is found stuck; one observed channel may change all the time."""
    for period, force in enumerate(forces):
        now = arm.captured = ACT + period * PERIOD
        if changing >= 0:
            arm.values[changing] = 0.4 + period % 2 / 10
        guard.read(now)
        if guard.state is State.STOPPED:
            return period
        guard.command(told(goal, force), now, now)
    return None


STILL = "controlled stop: {} stood still though commands should move it"


@pytest.mark.parametrize(("force", "goal"), [(0.6, 0.5), (-0.6, 0.5), (0.0, 0.7), (0.0, 0.3)])
def test_sensors_that_do_not_notice_commands_are_stuck(arm, force, goal):
    guard = guarded(arm, moving=False)
    assert driven(guard, arm, [force] * 60, goal) == STUCK // PERIOD
    assert (guard.reason, guard.stops) == (STILL.format("position, velocity"), 1)
    assert arm.told[-1] == "stop"


@pytest.mark.parametrize(("changing", "name"), [(0, "velocity"), (1, "position")])
def test_each_channel_is_watched_by_itself(arm, changing, name):
    guard = guarded(arm, moving=False)
    assert driven(guard, arm, [5.0] * 60, changing=changing) == STUCK // PERIOD
    assert guard.reason == STILL.format(name)


@pytest.mark.parametrize("forces", [[5.0, -5.0] * 50, [5.0, 0.0] * 50, [0.0, 0.0, 0.0, -5.0] * 50])
def test_a_command_near_rest_stops_the_clock_and_does_not_set_it_back(arm, forces):
    guard = guarded(arm, moving=False)
    found = driven(guard, arm, forces, changing=1)
    assert found is not None and guard.reason == STILL.format("position")
    assert np.count_nonzero(forces[:found]) == STUCK // PERIOD


@pytest.mark.parametrize(("force", "goal"), [(0.0, 0.5), (0.5, 0.5), (0.0, 0.6)])
def test_a_device_that_is_hardly_told_to_move_may_stand_still(arm, force, goal):
    assert driven(guarded(arm), arm, [force] * 60, goal) is None


def test_with_a_step_limit_half_of_it_is_a_command_that_must_move(arm):
    guard = guarded(arm, moving=False, step=np.array([0.05, INF]))
    assert driven(guard, arm, [0.0] * 60, goal=0.9) == STUCK // PERIOD


def test_with_lowered_limits_it_is_half_of_the_lowered_step(arm):
    guard = guarded(arm, moving=False, step=np.array([0.2, INF]))
    guard.scale(0.5)
    assert driven(guard, arm, [0.0] * 60, goal=0.9) == STUCK // PERIOD


@pytest.mark.parametrize(
    "limits", [{"moves": np.array([[True, False], [True, False]])}, {"stuck": np.array([STUCK, 2**62])}]
)
def test_what_no_command_moves_or_has_no_time_is_not_watched(arm, limits):
    assert driven(guarded(arm, moving=False, **limits), arm, [5.0] * 60, changing=0) is None


def test_each_channel_has_its_own_time(arm):
    guard = guarded(arm, moving=False, stuck=np.array([2 * STUCK, STUCK]))
    assert driven(guard, arm, [5.0] * 60, changing=1) == 2 * STUCK // PERIOD


def test_readings_that_change_now_and_then_are_not_stuck(arm):
    guard = guarded(arm)
    for period in range(1, 100):
        arm.captured = ACT + period * PERIOD
        arm.values = np.array([period // 20 / 10, period // 24 / 10])
        guard.read(arm.captured)
        guard.command(told(0.5, 5), arm.captured, arm.captured)
    assert guard.state is State.MOVING


def test_time_at_rest_does_not_count_as_stuck(arm):
    guard = guarded(arm, moving=False)
    guard.read(ACT)
    now = arm.captured = ACT + 2 * STUCK
    guard.command(told(0.5, 5), now, now)
    guard.read(now)
    assert guard.state is State.MOVING


def test_a_loop_that_stood_still_has_driven_nothing(arm):
    """Longer than a command is held, nothing was in effect."""
    guard = guarded(arm)
    now = arm.captured = ACT + 2 * STUCK
    guard.read(now)
    assert guard.state is State.MOVING


def test_still_time_goes_on_over_the_end_of_an_episode(arm):
    guard = guarded(arm, moving=False)
    assert driven(guard, arm, [5.0] * 20, changing=1) is None
    guard.rest()
    guard.place(3)
    assert driven(guard, arm, [5.0] * 20, changing=1) == STUCK // PERIOD - 19


def test_what_was_found_stuck_is_not_armed_before_it_has_moved(arm):
    guard = guarded(arm, moving=False)
    driven(guard, arm, [5.0] * 60, changing=1)
    now = arm.captured
    guard.arm(now)
    why = "position has not moved since it was found stuck: move it by hand, then arm again"
    assert (guard.state, guard.reason, guard.stops) == (State.STOPPED, why, 1)
    guard.fault("unplugged")
    guard.arm(now)
    assert (guard.state, guard.reason) == (State.STOPPED, why)
    arm.values = np.array([0.6, 0.4])
    guard.read(now)
    guard.arm(now)
    assert (guard.state, guard.reason) == (State.ARMED, "")
    assert driven(guard, arm, [5.0] * 60, changing=1) == STUCK // PERIOD


# Rest, disarm, stop, fault, close.


def test_an_episode_that_ends_leaves_it_armed_at_rest(arm):
    guard = guarded(arm, rate=np.array([INF, 100.0]))
    guard.rest()
    assert (guard.state, guard.stops, arm.told) == (State.ARMED, 0, ["stop"])
    assert guard.applied.tolist() == [0.5, 0.0]
    guard.rest()
    assert arm.told == ["stop"]
    guard.command(told(0.5, 5), ACT - 1, ACT)  # a new motion: its ages and its rate begin anew
    assert arm.told[-1] == [0.5, 2.0]


def test_only_what_is_armed_and_at_rest_is_placed(arm):
    guard = guarded(arm)
    guard.place(7)
    assert arm.told == []
    guard.rest()
    guard.place(7)
    assert arm.told == ["stop", 7]
    arm.broken = {"place"}
    guard.place(8)
    assert (guard.state, guard.reason) == (State.FAULT, "cannot place")


def test_disarmed_by_hand_it_is_no_stop(arm):
    guard = guarded(arm)
    guard.disarm("lunch")
    assert (guard.state, guard.reason, guard.stops, arm.told) == (State.DISARMED, "lunch", 0, ["stop"])
    guard.disarm("supper")
    assert (guard.reason, arm.told) == ("lunch", ["stop", "stop"])


def test_a_stop_counts_once_and_keeps_its_first_reason(arm):
    guard = guarded(arm)
    guard.stop("first")
    guard.stop("second")
    assert (guard.state, guard.reason, guard.stops) == (State.STOPPED, "first", 1)
    assert arm.told == ["stop", "stop"]


@pytest.mark.parametrize(("act", "state"), [(Guard.stop, State.STOPPED), (Guard.disarm, State.DISARMED)])
def test_what_is_not_connected_can_be_stopped_too_and_that_is_latched(arm, act, state):
    guard: Any = Guard(arm, LIMITS)
    guard.stop("first")
    assert (guard.state, guard.reason, guard.stops, arm.told) == (State.STOPPED, "first", 0, [])
    act(guard, "second")
    assert (guard.state, guard.reason) == (state, "first" if state is State.STOPPED else "second")
    assert guard.command(told(0, 0), ACT, ACT).applied is None
    guard.arm(ACT)
    assert guard.state is State.ARMED


def test_what_could_not_move_anyway_may_be_told_to_stop_and_that_counts_for_nothing(arm):
    guard = guarded(arm)
    guard.disarm("lunch")
    guard.stop("ordered")
    assert (guard.state, guard.reason, guard.stops) == (State.STOPPED, "ordered", 0)


@pytest.mark.parametrize("act", [Guard.stop, Guard.disarm])
def test_a_fault_stays_one_until_it_is_armed(arm, act):
    guard = guarded(arm)
    guard.fault("broken")
    arm.told.clear()
    act(guard, "other")
    assert (guard.state, guard.reason, guard.stops, arm.told) == (State.FAULT, "broken", 1, [])


def test_a_second_fault_is_the_same_stop(arm):
    guard = guarded(arm)
    guard.fault("broken")
    guard.fault("still broken")
    assert (guard.reason, guard.stops, arm.told) == ("still broken", 1, ["stop", "close"])


@pytest.mark.parametrize("act", [lambda g: g.stop("x"), lambda g: g.disarm("x"), Guard.rest])
def test_what_cannot_be_stopped_is_a_fault(arm, act):
    guard = guarded(arm)
    arm.broken = {"stop"}
    act(guard)
    assert (guard.state, guard.reason) == (State.FAULT, "it could not be stopped: cannot stop")
    assert arm.told == ["stop"]  # nobody waits for more


def test_what_does_not_stop_is_told_again_each_period_then_let_go_of(arm):
    guard = guarded(arm)
    guard.insist()
    assert arm.told == []  # it has not failed
    arm.broken = {"stop"}
    guard.stop("ordered")
    for times in range(2, TRIES):
        guard.insist()
        assert guard.read(ACT) is None
        assert arm.told == times * ["stop"]
    guard.insist()
    guard.insist()
    assert arm.told == [*TRIES * ["stop"], "close"]
    assert (guard.state, guard.reason, guard.stops) == (State.FAULT, "it could not be stopped: cannot stop", 1)


def test_what_stops_at_last_is_let_go_of(arm):
    guard = guarded(arm)
    arm.broken = {"stop"}
    guard.fault("gone")
    guard.insist()
    arm.broken = set()
    guard.insist()
    guard.insist()
    assert (guard.state, guard.reason, arm.told) == (State.FAULT, "gone", [*3 * ["stop"], "close"])


def test_an_order_to_a_device_that_has_not_stopped_yet_tells_it_once_more(arm):
    guard = guarded(arm)
    arm.broken = {"stop"}
    guard.fault("gone")
    guard.stop("ordered")
    assert (guard.state, guard.reason, guard.stops, arm.told) == (State.FAULT, "gone", 1, ["stop", "stop"])
    arm.broken = set()
    guard.arm(ACT)
    assert (guard.state, arm.told[2:]) == (State.ARMED, ["close", "connect", "stop"])


def test_a_fault_of_what_can_neither_be_stopped_nor_closed(arm):
    guard = guarded(arm)
    arm.broken = {"stop", "close"}
    guard.fault("gone")
    for _ in range(TRIES):
        guard.insist()
    assert (guard.state, guard.reason, arm.told) == (State.FAULT, "gone", [*TRIES * ["stop"], "close"])


def test_closing_stops_and_lets_go_once(arm):
    guard = guarded(arm)
    guard.close()
    guard.close()
    assert (guard.state, guard.reason, arm.told) == (State.DISARMED, "closed", ["stop", "close"])
    assert guard.read(ACT) is None


def test_closing_what_cannot_be_stopped(arm):
    guard = guarded(arm)
    arm.broken = {"stop"}
    guard.close()
    assert arm.told == [*TRIES * ["stop"], "close"]
