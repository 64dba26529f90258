"""Drivers and rig together: a real process, a real pseudo-terminal, both protocols."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.parts.rigs import PROTOCOLS, ROOT, running
from tutelage.drivers.rig.tell import tell

GAIN = np.array([1.5, 2.4, 27.0, 4.8])


def balanced(driver: Any) -> bool:
    """Whether the pole stands for two seconds."""
    driver.place(3)
    due = time.monotonic()
    for _ in range(100):
        values = driver.read().values
        if abs(values[2]) > 0.2:
            return False
        driver.write(np.array([np.clip(GAIN @ values, -10, 10)]))
        due += 0.02
        time.sleep(max(0.0, due - time.monotonic()))
    return True


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_driver_balances_the_pole_at_50_hz(protocol: str, tmp_path: Path) -> None:
    with running("cartpole", protocol, tmp_path) as rig:
        driver = rig.driver(watchdog_seconds=2.0) if protocol == "dynamixel" else rig.driver()
        driver.connect()
        assert any(balanced(driver) for _ in range(5))  # a computer that is too busy may let it fall
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


def test_a_rig_says_what_it_cannot_do_and_lets_go_of_its_link(tmp_path: Path) -> None:
    with running("pendulum", "serial", tmp_path) as rig:
        for words, sentence in (
            ("jump", "there is no 'jump'"),
            ("drop much", "cannot do 'drop much'"),
            ("stuck 7", "cannot do 'stuck 7'"),
            ("drop 0.1 0.2", "cannot do"),
        ):
            assert sentence in tell(rig.link, words)["error"]
        command = [sys.executable, "-m", "tutelage.drivers.rig.tell", str(rig.link), "place", "3"]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert json.loads(said)["held"]
        assert rig.link.is_symlink()
    assert rig.process.returncode == 0
    assert list(tmp_path.iterdir()) == []
