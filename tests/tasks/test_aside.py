"""Numbers that are computed in a fork."""

import os

import numpy as np
import pytest

from tutelage.tasks.aside import aside


def test_numbers_come_from_another_process():
    here = os.getpid()
    found = aside(lambda: np.array([os.getpid() != here, 0.5]))
    assert found().tolist() == [1.0, 0.5]


def test_an_error_there_is_raised_here():
    found = aside(lambda: np.array([1]) / (1 // 0))
    with pytest.raises(ZeroDivisionError):
        found()


def test_a_fork_that_is_killed_is_replaced():
    here = os.getpid()

    def compute() -> np.ndarray:
        if os.getpid() != here:
            os.kill(os.getpid(), 9)
        return np.array([2.0])

    assert aside(compute)().tolist() == [2.0]
