import math

import numpy as np
import pytest

from tutelage.learning.rewards import FORMS

# at a logit of log 3, D = 3/4:  -log(1/4) = log 4;  log(3/4);  log 3;  -3 log 3
# at a logit of -log 3, D = 1/4:  -log(3/4);  log(1/4);  -log 3;  log(3) / 3
LOG3, LOG4 = math.log(3), math.log(4)
BY_HAND = {
    "note": (LOG4, LOG4 - LOG3),
    "log_d": (LOG3 - LOG4, -LOG4),
    "logit": (LOG3, -LOG3),
    "fairl": (-3 * LOG3, LOG3 / 3),
}


@pytest.mark.parametrize("form", FORMS)
def test_values(form):
    reward = FORMS[form](np.array([LOG3, -LOG3], np.float32))
    np.testing.assert_allclose(reward, BY_HAND[form], rtol=1e-6)
    assert reward.dtype == np.float32


@pytest.mark.parametrize("form", ["note", "log_d", "logit"])
def test_what_looks_more_like_the_experts_earns_more(form):
    reward = FORMS[form](np.linspace(-5, 5, 50))
    assert (np.diff(reward) > 0).all()


def test_fairl_earns_more_only_up_to_a_logit_of_minus_one():
    reward = FORMS["fairl"](np.linspace(-5, 5, 101))
    assert reward.argmax() == 40  # -5 + 40 * .1 = -1
    assert (np.diff(reward)[:40] > 0).all() and (np.diff(reward)[40:] < 0).all()


def test_who_is_paid_for_being_alive_and_who_for_dying():
    logit = np.linspace(-5, 5, 50)
    assert (FORMS["note"](logit) > 0).all()
    assert (FORMS["log_d"](logit) < 0).all()
    assert FORMS["logit"](np.zeros(1)) == 0 == FORMS["fairl"](np.zeros(1))
