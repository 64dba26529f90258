"""What an operator sees of a task, in characters."""

import numpy as np
import pytest

from tutelage.tasks import cart_pole, lunar_lander, mountain_car, pendulum
from tutelage.tasks.known import KNOWN
from tutelage.tasks.pictures import LEAST_WIDTH, Bars

PICTURES = {env: known.picture for env, known in KNOWN.items() if known.picture}

STARTS = {
    "CartPole-v1": 4,
    "MountainCar-v0": 2,
    "MountainCarContinuous-v0": 2,
    "Pendulum-v1": 3,
    "LunarLander-v3": 8,
    "LunarLanderContinuous-v3": 8,
}


def test_the_cart_is_where_it_is_and_the_pole_leans():
    *pole, cart, track = cart_pole.picture(np.array([1.2, 0, 0.1, 0]), 81)
    assert cart.index("#") == 60 and track == "|" + "-" * 79 + "|"
    tops = [row.index("o") for row in pole]
    assert tops == sorted(tops, reverse=True) and tops[0] > tops[-1] > 60


def test_the_car_is_on_the_ground_and_the_flag_on_the_right():
    rows = mountain_car.picture(np.array([-0.5236, 0.0]), 73)
    assert rows[-1].index("#") == 27  # the bottom of the valley
    assert any(row.rfind("P") == 68 for row in rows[:2])


@pytest.mark.parametrize("cosine, sine, row, side", [(1, 0, 0, 0), (-1, 0, 8, 0), (0, 1, 4, -1), (0, -1, 4, 1)])
def test_the_pendulum_points_where_it_points(cosine, sine, row, side):
    rows = pendulum.picture(np.array([cosine, sine, 0.0]), 41)
    assert "o" in rows[row]
    if side:
        assert np.sign((rows[4].index("o") if side < 0 else rows[4].rindex("o")) - 20) == side


def test_the_lander_sinks_to_its_pad():
    high, low = (lunar_lander.picture(np.array([0, y, 0, 0, 0, 0, 0, 0.0]), 61) for y in (1.4, 0.0))
    assert "A" in high[1] and low[8].index("A") == 30 and low[9][30] == "="


def test_anything_else_is_bars_by_the_largest_that_was_seen():
    bars = Bars()
    bars(np.array([4.0, -1.0]), 56)
    first, second = bars(np.array([2.0, -1.0]), 56)
    assert (first.count("="), second.count("=")) == (10, 20)
    assert first.index("|") < first.index("=") and second.index("=") < second.index("|")


@pytest.mark.parametrize("env", PICTURES)
def test_nothing_is_wider_than_the_terminal_or_fails_at_its_edges(env):
    for scale in (0.0, 1.0, -1.0, *([] if env == "Pendulum-v1" else [100.0])):  # a sine has its bounds
        for width in (LEAST_WIDTH, 79):
            rows = PICTURES[env](np.full(STARTS[env], scale, np.float32), width)
            assert all(len(row) <= max(width, 80) for row in rows)
