"""What a driver does when the line, the rig or the driver itself fails: real processes, both protocols."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from tests.parts.rigs import PROTOCOLS, ROOT, RunningRig, running
from tutelage.drivers.driver import DriverError


@pytest.fixture(params=PROTOCOLS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningRig]:
    with running("cartpole", request.param, tmp_path) as rig:
        yield rig


def test_a_pulled_cable_is_said_by_every_verb_and_a_plugged_one_works_again(rig: RunningRig) -> None:
    driver = rig.driver()
    driver.connect()
    rig.tell("unplug")
    for verb in (driver.read, lambda: driver.write(np.zeros(1)), driver.stop, driver.close, driver.connect):
        with pytest.raises(DriverError, match=rf"^{rig.link}: .*: check"):
            verb()
    rig.tell("plug")
    driver.connect()
    driver.read()
    driver.close()


def test_lost_and_damaged_answers_are_asked_for_again(rig: RunningRig) -> None:
    driver = rig.driver(reply_seconds=0.02, deadline_seconds=1)  # a busy computer stands still for longer than 50 ms
    driver.connect()
    driver.place(1)
    rig.tell("drop 0.3")
    rig.tell("garble 0.3")
    time.sleep(0.05)
    for _ in range(30):
        where = rig.tell("garbage 50")["positions"]
        np.testing.assert_allclose(driver.read().values[::2], where, atol=2e-3)
    rig.tell("drop 0")
    with suppress(DriverError):  # a busy computer is not in time for it
        driver.close()


def test_no_answer_at_all_is_said_after_the_deadline(rig: RunningRig) -> None:
    driver = rig.connected(reply_seconds=0.02, deadline_seconds=0.1)
    rig.tell("drop 1")
    with pytest.raises(DriverError, match="within 100 ms"):
        driver.read()
    rig.tell("drop 0")
    with suppress(DriverError):  # a busy computer is not in time for it
        driver.close()


def test_a_late_answer_is_not_taken_for_that_to_a_later_question(rig: RunningRig) -> None:
    """On a busy computer an answer may be in time all the same: then it is the right one."""
    driver = rig.connected(reply_seconds=0.05, deadline_seconds=0.2)
    rig.tell("slow 0.075")  # each answer comes while the next question waits
    for seed in range(3):
        where = rig.tell(f"place {seed}")["positions"]  # answers to questions about the place before are on their way
        with suppress(DriverError):
            np.testing.assert_allclose(driver.read().values[::2], where, atol=2e-3)
    rig.tell("slow 0")
    with suppress(DriverError):
        driver.close()


@pytest.mark.slow
def test_a_million_random_bytes_to_the_driver_cost_no_more_than_one_question(rig: RunningRig) -> None:
    driver = rig.driver()
    driver.connect()
    driver.place(4)
    time.sleep(0.05)
    where = rig.tell("state")["positions"]
    rig.tell("noise 2000")
    for _ in range(500):
        before = driver.questions
        np.testing.assert_allclose(driver.read().values[::2], where, atol=2e-3)
        assert driver.questions - before <= 2
    rig.tell("noise 0")
    driver.close()


def test_a_million_random_bytes_to_the_rig_do_not_stop_it_from_answering(rig: RunningRig) -> None:
    generator = np.random.default_rng(0)
    driver = rig.driver()
    driver.connect()
    with open(rig.link, "wb", buffering=0) as line:
        for _ in range(500):
            line.write(generator.bytes(2000))
            before = driver.questions
            driver.read()
            assert driver.questions - before <= 2
    driver.close()


def test_a_stuck_sensor_gives_the_same_number_while_the_machine_moves(rig: RunningRig) -> None:
    driver = rig.driver()
    driver.connect()
    driver.place(4)
    rig.tell("stuck 0")
    before = driver.read().values[0]
    for _ in range(30):
        driver.write(np.array([5.0]))
        time.sleep(0.01)
    assert driver.read().values[0] == pytest.approx(before, abs=1e-3)
    assert abs(rig.tell("state")["positions"][0] - before) > 0.02
    driver.close()


DRIVES = """
import sys, time
import numpy as np
from pathlib import Path
from tests.parts.rigs import driver as made
driver = made("cartpole", sys.argv[2], Path(sys.argv[1]))
driver.connect()
while True:
    driver.write(np.array([3.0]))
    driver.read()
    print("driven", flush=True)
    time.sleep(0.02)
"""


def test_when_the_driver_is_killed_the_rigs_watchdog_stops_the_motor_within_250_ms(rig: RunningRig) -> None:
    command = [sys.executable, "-c", DRIVES, str(rig.link), rig.protocol]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as driving:
        assert driving.stdout
        for _ in range(10):
            assert driving.stdout.readline() == "driven\n"
        while rig.tell("state")["force"] != pytest.approx(3.0):
            assert driving.stdout.readline() == "driven\n"
        driving.send_signal(signal.SIGKILL)
    while (state := rig.tell("state"))["force"] != 0:
        time.sleep(0.01)
    assert 0.2 < state["moved"] - state["commanded"] <= 0.25


def test_after_its_own_watchdog_a_rig_goes_on_when_it_is_told(rig: RunningRig) -> None:
    driver = rig.driver()
    driver.connect()
    driver.write(np.array([3.0]))
    while rig.tell("state")["watchdog_tripped"] is None and rig.tell("state")["force"] == 0:
        time.sleep(0.01)
    while rig.tell("state")["force"] != 0:
        time.sleep(0.01)
    if rig.protocol == "dynamixel":  # such a servo refuses all until its watchdog is cleared, and the driver says so
        with pytest.raises(DriverError, match="stopped itself"):
            driver.read()
        driver.stop()
    driver.write(np.array([3.0]))
    while rig.tell("state")["force"] == 0:
        driver.write(np.array([3.0]))
    driver.close()
    assert rig.tell("state")["force"] == 0
