"""A real rig in a process of its own, and a real driver at the other end of its line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from tutelage.drivers.driver import DriverError
from tutelage.drivers.rig.tell import tell
from tutelage.input.loading import named

ROOT = Path(__file__).parents[2]
PROTOCOLS = ("dynamixel", "serial")


PATIENT = {"reply_seconds": 0.5, "deadline_seconds": 20.0}
"""so that a computer that is busy with other tests does not look like a broken line"""

AGES = {"apply": 40, "hold": 100}
"""periods: such a computer may also stand still for seconds"""


def driver(machine: str, protocol: str, link: Path, **parameters: Any) -> Any:
    """A driver as the robot's file says, but for some parameters, and patient."""
    told = yaml.safe_load((ROOT / "launch" / "robots" / f"{machine}_{protocol}.yaml").read_text())
    return named(told["driver"])(**{**told["parameters"], **PATIENT, "port": str(link), **parameters})


def robot_file(name: str, folder: Path, parameters: dict[str, Any], **keys: Any) -> Path:
    """A robot's file, at 20 Hz so that a busy computer is in time; a cart-pole's is gentle, as that wants it."""
    told = yaml.safe_load((ROOT / "launch" / "robots" / f"{name}.yaml").read_text())
    told["parameters"] |= parameters
    if "force" in told["limits"]:
        told["limits"]["force"]["position"] = [-3, 3]
    path = folder / "robot.yaml"
    path.write_text(yaml.safe_dump({**told, "rate": 20, "ages": AGES, **keys}))
    return path


class RunningRig:
    """A rig."""

    def __init__(self, machine: str, protocol: str, link: Path, *options: str) -> None:
        command = [
            sys.executable,
            "-m",
            "tutelage.drivers.rig",
            machine,
            "--protocol",
            protocol,
            "--link",
            str(link),
            *options,
        ]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout and self.process.stdout.readline() == "ready\n"
        self.machine, self.protocol, self.link = machine, protocol, link

    def driver(self, **parameters: Any) -> Any:
        """A driver for it, not connected."""
        return driver(self.machine, self.protocol, self.link, **parameters)

    def connected(self, **parameters: Any) -> Any:
        """A connected driver, perhaps an impatient one: a busy computer is not always in time for that."""
        driver = self.driver(**parameters)
        for _ in range(20):
            with suppress(DriverError):
                driver.connect()
                return driver
        raise AssertionError("the rig does not answer")

    def file(self, folder: Path, **keys: Any) -> Path:
        """The robot's file, but for the line, patient."""
        line = {**PATIENT, "reply_seconds": 3.0, "port": str(self.link)}
        return robot_file(f"{self.machine}_{self.protocol}", folder, line, **keys)

    def tell(self, words: str) -> dict[str, Any]:
        answer = tell(self.link, words)
        assert "error" not in answer, answer["error"]
        return answer


@contextmanager
def running(machine: str, protocol: str, folder: Path, *options: str) -> Iterator[RunningRig]:
    rig = RunningRig(machine, protocol, folder / "robot", *options)
    try:
        yield rig
    finally:
        rig.process.terminate()
        rig.process.wait(10)
        assert rig.process.stdout
        rig.process.stdout.close()
