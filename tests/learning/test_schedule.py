"""Which version collects which rollout, and when a run ends."""

import pytest

from tutelage.learning.budget import Budget
from tutelage.learning.schedule import Schedule


def run(schedule: Schedule, steps: int = 10, enough_at: int = -1) -> list[tuple[int, int, bool, bool]]:
    """(rollout, version, stop, over) of each weights of a run that goes on until it is over."""
    found = [(rollout, schedule.version, schedule.stop, schedule.over) for rollout in schedule.first_rollouts]
    for rollout in range(100):
        schedule.enough |= rollout == enough_at
        following = schedule.learned_from(rollout, steps)
        found.append((following, schedule.version, schedule.stop, schedule.over))
        if schedule.over:
            return found
    raise AssertionError("it never ends")


@pytest.mark.parametrize("lag", [0, 1, 3])
def test_a_rollout_is_collected_with_the_version_of_lag_rollouts_before_it(lag: int) -> None:
    found = run(Schedule(Budget([100]), lag))
    collected = [(rollout, version) for rollout, version, stop, _ in found if not stop]
    assert collected == [(k, max(0, k - lag)) for k in range(10)]
    assert found[-1] == (10 + lag, 10, True, True)


@pytest.mark.parametrize("lag", [0, 2])
def test_asked_to_end_it_learns_from_what_is_under_way(lag: int) -> None:
    found = run(Schedule(Budget([1000]), lag), enough_at=4)
    assert found[-1][1] == 5 + lag


def test_a_part_of_a_rollout_needs_a_whole_one() -> None:
    schedule = Schedule(Budget([95]), 0)
    run(schedule)
    assert (schedule.version, schedule.steps, schedule.progress) == (10, 100, 100 / 95)


def test_it_continues_from_its_state() -> None:
    first, second = Schedule(Budget([100]), 1), Schedule(Budget([100]), 1)
    for rollout in range(9):
        first.learned_from(rollout, 10)
    assert first.stop and not first.over
    second.load(first.state())
    assert second.learned_from(9, 10) == 11 and second.over


@pytest.mark.parametrize("lag", [0, 2, 8])
@pytest.mark.parametrize("budget", [95, 100])
def test_it_says_beforehand_which_rollout_is_the_last_that_begins(lag: int, budget: int) -> None:
    schedule = Schedule(Budget([budget]), lag)
    ending = [schedule.ending]
    for rollout in range(10):
        schedule.learned_from(rollout, 10)
        ending.append(schedule.ending)
    # rollout 9, the tenth, is collected with version 9 - lag; it is the last to begin
    assert ending == [version == 9 - lag for version in range(11)]


def test_its_metrics_are_the_steps_and_the_budget_in_effect() -> None:
    schedule = Schedule(Budget([20, 100]), 0)
    schedule.learned_from(0, 10)
    assert schedule.metrics() == {"time/total_timesteps": 10, "time/budget": 20}
    schedule.learned_from(1, 10)
    assert schedule.metrics() == {"time/total_timesteps": 20, "time/budget": 100}
