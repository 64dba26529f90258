import numpy as np
import pytest

from tests.parts.examples import CONTINUOUS, DISCRETE
from tutelage.learning.draws import generator
from tutelage.learning.pairs import step_rows
from tutelage.learning.replay import Replay, alternating, rows_of
from tutelage.learning.rollout import Rollout


def counting(spaces, first, steps, terminated=(), truncated=()):
    """Steps of two environments whose observations say when and where: 10 * step + environment."""
    when = (10 * np.arange(first, first + steps)[:, None] + np.arange(2))[..., None].astype(np.float32)
    observation = np.repeat(when, spaces.observation, axis=2)
    action = np.zeros((steps, 2), np.int64) if spaces.discrete else np.repeat(when / 100, spaces.action, axis=2)
    ends = [np.isin(when[..., 0], which) for which in (terminated, truncated)]
    return Rollout(observation, action, observation + 10, np.zeros((steps, 2), np.float32), *ends)


def runs(replay, steps=3, batch=2000):
    """The runs that can be sampled: by the first step's observation, those of its steps, and what follows."""
    windows = replay.sample(batch, steps, generator(0, "test"))
    return {
        int(windows.steps[0, i, 0]): (
            windows.steps[: windows.length[i], i, 0].tolist(),
            windows.last_observation[i, 0],
            bool(windows.terminated[i]),
        )
        for i in range(batch)
    }


def test_a_run_keeps_to_its_environment_and_stops_at_the_newest_step():
    replay = Replay(CONTINUOUS, 100)
    replay.add(counting(CONTINUOUS, 0, 5))
    found = runs(replay)
    assert sorted(found) == [0, 1, 10, 11, 20, 21, 30, 31, 40, 41]
    assert found[11] == ([11, 21, 31], 41, False)
    assert found[30] == ([30, 40], 50, False)
    assert found[41] == ([41], 51, False)


def test_a_run_stops_where_its_episode_ends_and_says_how():
    replay = Replay(CONTINUOUS, 100)
    replay.add(counting(CONTINUOUS, 0, 6, terminated=[20], truncated=[21]))
    found = runs(replay)
    assert found[10] == ([10, 20], 30, True) and found[20] == ([20], 30, True)
    assert found[11] == ([11, 21], 31, False) and found[21] == ([21], 31, False)
    assert found[30] == ([30, 40, 50], 60, False)
    assert found[0] == ([0, 10, 20], 30, True)


def test_the_absorbing_state_follows_the_last_observation():
    replay = Replay(CONTINUOUS, 100)
    replay.add(counting(CONTINUOUS, 0, 1, terminated=[0]))
    windows = replay.sample(20, 3, generator(0, "test"))
    np.testing.assert_array_equal(windows.ending[windows.terminated][0], [10, 10, 10, 0, 0, 1])


@pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])
def test_steps_are_as_the_discriminator_sees_them(spaces):
    rollout = counting(spaces, 0, 12)
    if spaces.discrete:
        rollout.action[:, 1] = 1
    replay = Replay(spaces, 100)
    replay.add(rollout)
    windows = replay.sample(50, 2, generator(0, "test"))
    wanted = step_rows(spaces, rollout.observation, rollout.action)
    for row in windows.steps[0]:
        (same,) = wanted[wanted[:, 0] == row[0]]
        np.testing.assert_array_equal(row, same)
    assert spaces.discrete or wanted[:, 3].max() == 1.0  # clipped: the rollout has 1.1


def test_only_the_newest_are_kept():
    replay = Replay(CONTINUOUS, 8)
    for k in range(3):
        replay.add(counting(CONTINUOUS, 3 * k, 3))
    found = runs(replay)
    assert sorted(found) == [50, 51, 60, 61, 70, 71, 80, 81]
    assert found[60] == ([60, 70, 80], 90, False)
    replay.add(counting(CONTINUOUS, 9, 11))  # more at once than it holds
    assert sorted(runs(replay)) == [160, 161, 170, 171, 180, 181, 190, 191]


def test_observations_are_all_that_are_kept():
    replay = Replay(CONTINUOUS, 8)
    for k in range(3):
        replay.add(counting(CONTINUOUS, 3 * k, 3))
    wanted = [50, 51, 60, 61, 70, 71, 80, 81]
    np.testing.assert_array_equal(replay.observations(), np.repeat(np.array(wanted)[:, None], 3, axis=1))


def test_alternating_runs_come_in_turns():
    replay = Replay(CONTINUOUS, 100)
    replay.add(counting(CONTINUOUS, 0, 6, terminated=[20]))
    parts = [replay.sample(4, 3, generator(0, "test", which)) for which in (0, 1)]
    both = alternating(*parts)
    assert both.steps.shape == (3, 8, 6)
    for first, part in enumerate(parts):
        np.testing.assert_array_equal(both.steps[:, first::2], part.steps)
        np.testing.assert_array_equal(both.counts[:, first::2], part.counts)
        np.testing.assert_array_equal(both.last_observation[first::2], part.last_observation)
        np.testing.assert_array_equal(both.terminated[first::2], part.terminated)
        np.testing.assert_array_equal(both.ending[first::2], part.ending)
        assert both.given.shape == (3, 8, 0)


def test_it_is_restored_from_rows_that_were_only_ever_appended():
    replay, kept = Replay(CONTINUOUS, 10), []
    for k in range(4):
        before = replay.ring.count
        replay.add(counting(CONTINUOUS, 3 * k, 3, terminated=[30 * k]))
        kept.append(replay.ring.since(before))
    again = Replay(CONTINUOUS, 10)
    again.ring.restore(np.concatenate(kept), replay.ring.count)
    np.testing.assert_array_equal(again.ring.entries, replay.ring.entries)
    for replay_ in (replay, again):
        replay_.add(counting(CONTINUOUS, 12, 4))
    ours, theirs = (one.sample(30, 3, generator(0, "test")) for one in (again, replay))
    for name in ours._fields:
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_rows_hold_a_step_each():
    rows = rows_of(CONTINUOUS, counting(CONTINUOUS, 1, 2, terminated=[10], truncated=[21]))
    np.testing.assert_array_equal(rows[0, 0], np.array([10, 10, 10, 0.1, 0.1, 20, 20, 20, 1, 0], np.float32))
    np.testing.assert_array_equal(rows[1, 1], np.array([21, 21, 21, 0.21, 0.21, 31, 31, 31, 0, 1], np.float32))
