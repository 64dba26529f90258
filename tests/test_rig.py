"""Drivers and rig together: a real process, a real pseudo-terminal, both protocols."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from tests.rigs import PROTOCOLS, running

GAIN = np.array([1.5, 2.4, 27.0, 4.8])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_driver_balances_the_pole_at_50_hz(protocol: str, tmp_path: Path) -> None:
    with running("cartpole", protocol, tmp_path) as rig:
        driver = rig.driver()
        driver.connect()
        driver.place(3)
        due = time.monotonic()
        for _ in range(100):
            values = driver.read().values
            assert abs(values[2]) < 0.2
            driver.write(np.array([np.clip(GAIN @ values, -10, 10)]))
            due += 0.02
            time.sleep(max(0.0, due - time.monotonic()))
        driver.close()
        assert rig.tell("state")["force"] == 0


@pytest.mark.parametrize("machine", ["cartpole", "pendulum"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_read_is_where_the_machine_is(machine: str, protocol: str, tmp_path: Path) -> None:
    with running(machine, protocol, tmp_path) as rig:
        driver = rig.driver()
        driver.connect()
        driver.place(5)
        time.sleep(0.05)
        before = time.monotonic_ns()
        reading = driver.read()
        assert before < reading.captured < time.monotonic_ns()
        np.testing.assert_allclose(reading.values[::2], rig.tell("state")["positions"], atol=2e-3)
        np.testing.assert_allclose(reading.values[1::2], 0)
        assert len(reading.values) == len(driver.observes)
        driver.close()
