"""An update that is shared, or left and gone on with, is the update that one makes at once."""

import numpy as np
import pytest

from tests.parts.examples import CONTINUOUS, DISCRETE, rollout
from tutelage.learning.draws import generator
from tutelage.learning.ppo import METRICS, PPO, Settings
from tutelage.learning.update import Update


def begun(spaces, minibatch):
    ppo = PPO(spaces, 0, Settings(minibatch=minibatch))
    data = rollout(spaces, ppo.tensors())
    return ppo, (data, np.ones_like(data.log_prob), 0.0, generator(0, "learner"), 0.5)


@pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])
@pytest.mark.parametrize("minibatch", [32, 31])  # 31: the second one has a single row for three parts
def test_shares_add_up(spaces, minibatch):
    ppo, given = begun(spaces, minibatch)
    update = ppo.begin(*given)
    while update.minibatches:
        whole = ppo.gradient(update)
        for sums, wanted in zip(
            zip(*(ppo.gradient(update, part, 3) for part in range(3)), strict=True), whole, strict=True
        ):
            np.testing.assert_allclose(sum(sums), wanted, rtol=1e-4, atol=1e-6)
        ppo.step(update, *whole)


def test_an_update_that_was_saved_goes_on():
    one, given = begun(DISCRETE, 8)
    at_once = one.update(*given)
    other, given = begun(DISCRETE, 8)
    update = other.begin(*given)
    while update.minibatches:
        saved, update = update.state(), Update()
        update.load(saved)
        other.step(update, *other.gradient(update))
    assert update.metrics(METRICS) == at_once
    np.testing.assert_array_equal(other.parameters.flat, one.parameters.flat)
