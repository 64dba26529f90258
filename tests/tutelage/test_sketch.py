"""The sketch of docs/serial.md, compiled and run behind a pseudo-terminal, with our driver at its other end."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.parts.rigs import ROOT, driver
from tutelage.drivers.driver import DriverError

COMPILER = shutil.which("c++")
pytestmark = pytest.mark.skipif(not COMPILER, reason="no C++ compiler: install one, such as g++")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sketch, with an Arduino's functions around it."""
    code = re.findall(r"```cpp\n(.*?)```", (ROOT / "docs" / "serial.md").read_text(), re.DOTALL)
    assert len(code) == 1
    folder = tmp_path_factory.mktemp("sketch")
    header = (ROOT / "tests" / "parts" / "arduino.h").read_text()
    (folder / "sketch.cpp").write_text(f"{header}\n{code[0]}\nint main() {{ setup(); for (;;) loop(); }}\n")
    checks = ["-Wall", "-Wextra", "-Werror", "-fsanitize=undefined", "-fno-sanitize-recover"]
    subprocess.run([str(COMPILER), *checks, "sketch.cpp", "-o", "sketch"], cwd=folder, check=True)
    return folder / "sketch"


@pytest.fixture
def device(program: Path) -> Iterator[tuple[Any, int]]:
    """A driver that is connected to the running sketch, and the line's other end."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    robot = driver("pendulum", "serial", Path(os.ttyname(theirs)), reply_seconds=0.5, deadline_seconds=10.0)
    with subprocess.Popen([program], stdin=ours, stdout=ours) as process:
        robot.connect()
        yield robot, theirs
        process.kill()
    os.close(ours)
    os.close(theirs)


def test_it_is_what_the_robots_file_says_and_does_what_it_is_told(device: tuple[Any, int]) -> None:
    robot, _ = device
    np.testing.assert_array_equal(robot.write(np.array([1.5])), [1.5])
    np.testing.assert_array_equal(robot.read().values, [1.5, 0])
    np.testing.assert_array_equal(robot.write(np.array([7.0])), [2.0])
    robot.stop()
    np.testing.assert_array_equal(robot.read().values, [0, 0])


def test_its_watchdog_stops_it(device: tuple[Any, int]) -> None:
    robot, _ = device
    np.testing.assert_array_equal(robot.write(np.array([1.5])), [1.5])
    while robot.read().values[0]:
        time.sleep(0.01)
    np.testing.assert_array_equal(robot.read().values, [0, 0])


def test_it_says_what_it_does_not_like(device: tuple[Any, int]) -> None:
    robot, _ = device
    with pytest.raises(DriverError, match="refused 'w': not as many numbers as it accepts"):
        robot.write(np.zeros(2))
    with pytest.raises(DriverError, match="refused 'p': unknown"):
        robot.place(1)


def test_random_bytes_do_not_stop_it_from_answering(device: tuple[Any, int]) -> None:
    robot, theirs = device
    generator = np.random.default_rng(0)
    for _ in range(100):
        os.write(theirs, generator.bytes(1000))
        before = robot.questions
        robot.read()
        assert robot.questions - before <= 2
