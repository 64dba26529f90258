import numpy as np

from tutelage.learning.returns import DISCOUNT, absorbing_value, gae


def test_by_the_usual_discount_an_absorbing_state_counts_for_fifty_steps():
    np.testing.assert_allclose(absorbing_value(1.0, DISCOUNT), 50)


def test_a_single_step():
    # 1 + .9 * 20 - 10 = 9, whatever lambda is
    advantage, target = gae(column(1), column(10), column(20), column(0) > 0, discount=0.9, gae_lambda=0.3)
    np.testing.assert_allclose([advantage, target], [column(9), column(19)])


def test_the_advantage_is_carried_back_by_discount_times_lambda():
    # surprises of 1 and 1, carried back by .8 * .25 = .2
    advantage, _ = gae(column(1, 1), column(0, 0), column(0, 0), column(0, 0) > 0, discount=0.8, gae_lambda=0.25)
    np.testing.assert_allclose(advantage, column(1.2, 1))


def column(*numbers):
    return np.array(numbers, np.float64)[:, None]


def advantages(next_value, ended):
    reward, value = column(1, 2, 3), column(10, 20, 30)
    return gae(reward, value, next_value, column(*ended) > 0, discount=0.5, gae_lambda=0.5)


def test_an_episode_that_goes_on():
    # surprises: 1 + .5*20 - 10 = 1,  2 + .5*30 - 20 = -3,  3 + .5*40 - 30 = -7; carried back by .5 * .5 = .25:
    # -7,  -3 + .25*-7 = -4.75,  1 + .25*-4.75 = -.1875
    advantage, target = advantages(column(20, 30, 40), ended=(0, 0, 0))
    np.testing.assert_allclose(advantage, column(-0.1875, -4.75, -7))
    np.testing.assert_allclose(target, column(9.8125, 15.25, 23))


def test_truncated_bootstraps_from_the_true_last_observation_and_carries_nothing_back():
    # the second step's last observation is worth 44: 2 + .5*44 - 20 = 4; the first: 1 + .25*4 = 2; the third: -7
    advantage, _ = advantages(column(20, 44, 40), ended=(0, 1, 0))
    np.testing.assert_allclose(advantage, column(2, 4, -7))


def test_terminated_is_worth_the_absorbing_state():
    # the absorbing state pays 6 for ever: 6 / (1 - .5) = 12; 2 + .5*12 - 20 = -12; the first: 1 + .25*-12 = -2
    assert absorbing_value(6.0, 0.5) == 12
    advantage, _ = advantages(column(20, absorbing_value(6.0, 0.5), 40), ended=(0, 1, 0))
    np.testing.assert_allclose(advantage, column(-2, -12, -7))


def test_terminated_without_an_absorbing_reward_is_worth_nothing():
    # 2 + 0 - 20 = -18; the first: 1 + .25*-18 = -3.5
    advantage, _ = advantages(column(20, absorbing_value(0.0, 0.5), 40), ended=(0, 1, 0))
    np.testing.assert_allclose(advantage, column(-3.5, -18, -7))


def test_dying_is_no_better_than_living_on_at_the_same_reward():
    """An absorbing state that pays what life pays leaves every length of episode worth the same."""
    reward, worth = np.full((5, 1), 2.0), absorbing_value(2.0, 0.9)
    value, ended = np.full((5, 1), worth), column(0, 0, 1, 0, 0) > 0
    advantage, _ = gae(reward, value, value, ended, 0.9, 0.95)
    np.testing.assert_allclose(advantage, 0, atol=1e-12)
