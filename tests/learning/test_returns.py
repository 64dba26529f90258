import numpy as np

from tutelage.learning.returns import absorbing_value, gae


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
