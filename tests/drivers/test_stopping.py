"""How the device is stopped: by a signal to the hardware process, at once; and where it does not answer, without waiting."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.nodes.test_hardware import Loop
from tests.nodes.test_robot_faults import balancing
from tests.parts.rigs import PATIENT, PROTOCOLS, RunningRig, robot_file, running
from tests.parts.run_cli import Run
from tests.parts.waiting import until
from tutelage.drivers.connection import TRIES
from tutelage.drivers.driver import DriverError
from tutelage.messages import Order, Safety

PATIENT_WATCHDOG = ("--watchdog-seconds", "20")
"""so that a busy machine is no race: the watchdog comes long after any stop"""


@pytest.mark.parametrize(
    ("number", "protocol", "by"),
    [
        (signal.SIGINT, "serial", "host"),
        (signal.SIGHUP, "dynamixel", "host"),
        (signal.SIGTERM, "serial", "host"),
        (signal.SIGKILL, "serial", "watchdog"),
    ],
)
def test_a_signal_to_the_hardware_process_stops_the_device_before_its_watchdog(tmp_path, number, protocol, by):
    slow = () if by == "watchdog" else PATIENT_WATCHDOG
    with running("cartpole", protocol, tmp_path, *slow) as rig:
        more = {**PATIENT, **({"watchdog_seconds": 2.5} if protocol == "dynamixel" else {})}
        robot = robot_file(f"cartpole_{protocol}", tmp_path, {"port": str(rig.link), **more})
        run = Run(tmp_path, "hardware.yaml", f"policy:={balancing(tmp_path / 'policy')}", f"robot:={robot}")
        run.until(lambda: rig.tell("state")["force"] != 0)
        os.kill(run.nodes()["hardware"], number)
        run.wait()
        until(lambda: rig.tell("state")["force"] == 0)
        assert rig.tell("state")["stopped_by"] == by
        assert run.process.returncode == 1
        assert "hardware has ended and is not restarted" in run.output


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_stop_that_is_not_answered_is_soon_given_up(tmp_path: Path, protocol: str) -> None:
    with running("cartpole", protocol, tmp_path) as rig:
        driver = rig.driver(reply_seconds=0.015)
        driver.connect()
        driver.write(np.array([3.0]))
        before = rig.tell("drop 1")["stops"]
        with pytest.raises(DriverError, match=r"did not answer|gave no answer"):
            driver.stop()
        assert 1 <= rig.tell("state")["stops"] - before <= 5  # it was told, but not for long
        rig.tell("drop 0")
        driver.close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_persons_order_does_not_wait_until_a_silent_device_has_stopped(tmp_path: Path, protocol: str) -> None:
    """Each order, and each period, tells it to stop once more; what comes in between is heard."""
    with running("cartpole", protocol, tmp_path) as rig:
        loop = Loop(tmp_path, file=silent_soon(rig, tmp_path)).steps(2)
        before = rig.tell("drop 1")["stops"]
        loop.hear(Order(0, 0, "stop", "smoke"))
        assert loop.of(Safety)[-1].reason[:26] == "it could not be stopped: /"
        assert 1 <= (once := rig.tell("state")["stops"] - before) <= 5
        loop.hear(Order(0, 0, "take over", "by ann"))
        assert loop.node.actuation.actor == "human" and rig.tell("state")["stops"] - before == once
        ticks = loop.node.pace.ticks
        loop.run(lambda: loop.node.pace.ticks > ticks + 2)
        assert rig.tell("state")["stops"] - before > once  # it is told again
        rig.tell("drop 0")
        loop.run(lambda: loop.node.pace.ticks > ticks + TRIES)

        def armed() -> bool:
            loop.hear(Order(0, 0, "arm", "mended"))
            return bool(loop.node.guard.state == "armed")

        loop.run(armed)
        loop.node.close()


def silent_soon(rig: RunningRig, folder: Path) -> Path:
    """The file of a robot that is asked no longer than by default."""
    parameters = {"port": str(rig.link), "reply_seconds": 0.015, "deadline_seconds": 0.5}
    return robot_file(f"cartpole_{rig.protocol}", folder, parameters)
