import numpy as np

from tutelage.learning import pairs
from tutelage.learning.draws import generator
from tutelage.learning.rollout import Demonstration, Rollout, Spaces


def test_rows_of_discrete_actions():
    rows = pairs.step_rows(Spaces(2, 3, True), np.array([[[5.0, 6.0]], [[7.0, 8.0]]]), np.array([[2], [0]]))
    np.testing.assert_array_equal(rows, [[5, 6, 0, 0, 1, 0], [7, 8, 1, 0, 0, 0]])


def test_rows_of_continuous_actions_are_what_the_task_applied():
    action = np.array([[[-3.0, 1.5]], [[0.5, -0.5]]])
    rows = pairs.step_rows(Spaces(1, 2, False), np.array([[[5.0]], [[6.0]]]), action)
    np.testing.assert_array_equal(rows, [[5, -1, 1, 0], [6, 0.5, -0.5, 0]])


def test_an_absorbing_state_has_the_last_observation_and_no_action():
    last = np.array([[[5.0, 6.0]], [[7.0, 8.0]]])
    rows = pairs.ending_rows(Spaces(2, 3, False), last)
    np.testing.assert_array_equal(rows, [[5, 6, 0, 0, 0, 1], [7, 8, 0, 0, 0, 1]])


def demonstration(terminated):
    return Demonstration(np.arange(4.0)[:, None], np.zeros(3, np.int64), terminated, not terminated)


def test_the_policys_pairs_are_its_steps_and_then_its_absorbing_states():
    observation, terminated = np.array([[[1.0], [2.0]]]), np.array([[False, True]])
    rollout = Rollout(observation, np.array([[0, 1]]), observation + 5, np.zeros((1, 2)), terminated, ~terminated)
    policy = pairs.of_rollout(Spaces(1, 2, True), rollout, 9.0)
    np.testing.assert_array_equal(policy.rows, [[1, 1, 0, 0], [2, 0, 1, 0], [7, 0, 0, 1]])


class Drawn:
    """A generator of given numbers."""

    def __init__(self, *numbers):
        self.numbers = np.array(numbers)

    def random(self, count):
        assert count == len(self.numbers)
        return self.numbers


def test_a_number_from_0_to_1_picks_the_row_whose_share_of_the_weight_it_falls_in():
    # weights 1, 1, 2: shares from 0, from 1/4 and from 1/2
    some = pairs.Pairs(np.array([[10.0], [20.0]]), np.array([[30.0]]), 2.0)
    picked = some.sample(6, Drawn(0, 0.24, 0.25, 0.49, 0.5, 0.99))  # type: ignore[arg-type]
    np.testing.assert_array_equal(picked[:, 0], [10, 10, 20, 20, 30, 30])


def test_only_an_episode_that_terminated_has_an_absorbing_state():
    expert = pairs.of_demonstrations(Spaces(1, 2, True), [demonstration(True), demonstration(False)], 9.0)
    np.testing.assert_array_equal(expert.rows[:, -1], [0, 0, 0, 0, 0, 0, 1])
    assert expert.rows[-1, 0] == 3


def test_it_is_drawn_as_often_as_it_weighs():
    # 3 steps of weight 1 and an absorbing state of weight 9: 9 / 12
    expert = pairs.of_demonstrations(Spaces(1, 2, True), [demonstration(True)], 9.0)
    share = expert.sample(20000, generator(0, "test"))[:, -1].mean()
    np.testing.assert_allclose(share, 0.75, atol=0.01)
