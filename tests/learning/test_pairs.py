import numpy as np

from tutelage.learning import pairs
from tutelage.learning.draws import generator
from tutelage.learning.rollout import Demonstration, Spaces


def test_rows_of_discrete_actions():
    rows = pairs.step_rows(Spaces(2, 3, True), np.array([[[5.0, 6.0]], [[7.0, 8.0]]]), np.array([[2], [0]]))
    np.testing.assert_array_equal(rows, [[5, 6, 0, 0, 1, 0], [7, 8, 1, 0, 0, 0]])


def test_rows_of_continuous_actions_are_what_the_task_applied():
    rows = pairs.step_rows(Spaces(1, 2, False), np.array([[5.0]]), np.array([[-3.0, 0.5]]))
    np.testing.assert_array_equal(rows, [[5, -1, 0.5, 0]])


def test_an_absorbing_state_has_the_last_observation_and_no_action():
    last = np.array([[5.0, 6.0], [7.0, 8.0]])
    np.testing.assert_array_equal(pairs.ending_rows(Spaces(2, 1, False), last), [[5, 6, 0, 1], [7, 8, 0, 1]])


def demonstration(terminated):
    return Demonstration(np.arange(4.0)[:, None], np.zeros(3, np.int64), terminated, not terminated)


def test_only_an_episode_that_terminated_has_an_absorbing_state():
    expert = pairs.of_demonstrations(Spaces(1, 2, True), [demonstration(True), demonstration(False)], 9.0)
    np.testing.assert_array_equal(expert.rows[:, -1], [0, 0, 0, 0, 0, 0, 1])
    assert expert.rows[-1, 0] == 3


def test_it_is_drawn_as_often_as_it_weighs():
    # 3 steps of weight 1 and an absorbing state of weight 9: 9 / 12
    expert = pairs.of_demonstrations(Spaces(1, 2, True), [demonstration(True)], 9.0)
    share = expert.sample(20000, generator(0, "test"))[:, -1].mean()
    np.testing.assert_allclose(share, 0.75, atol=0.01)
