"""The driver and the robot's file that docs/hardware.md builds, at a board behind a pseudo-terminal."""

import os
import re
import threading
import tty
from pathlib import Path

import numpy as np
import pytest

from tests.drivers.test_frozen import Rearmed
from tests.parts.run_cli import cli
from tutelage.drivers.driver import DriverError
from tutelage.drivers.robot import load
from tutelage.messages import Action, Command, Observation, Transition
from tutelage.tasks.pendulum import pendulum

DOCS = Path(__file__).parents[2] / "docs" / "hardware.md"


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert found
    return found.group(1)


class Board:
    """The other end: a pendulum that hangs, and turns a little by each torque."""

    def __init__(self) -> None:
        self.end, self.theirs = os.openpty()
        tty.setraw(self.theirs)
        self.angle = np.pi
        self.torques: list[float] = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while told := os.read(self.end, 100).decode():
            for line in told.splitlines():
                self.answer(line)

    def answer(self, line: str) -> None:
        if line == "r":
            os.write(self.end, f"{self.angle:.4f} {0.01 * len(self.torques):.2f}\n".encode())
        elif line.startswith("t "):
            self.torques.append(float(line[2:]))
            self.angle += 0.01 * self.torques[-1]
            os.write(self.end, f"{self.torques[-1]:.2f}\n".encode())


@pytest.fixture
def robot(tmp_path):
    """The robot's file, with the board's port in it."""
    board = Board()
    (tmp_path / "motor.py").write_text(block("python"))
    path = tmp_path / "motor.yaml"
    path.write_text(block("yaml").replace("/dev/ttyACM0", os.ttyname(board.theirs)))
    return board, path


def test_it_is_short():
    assert len(block("python").splitlines()) < 60


def test_its_doctor_is_content(robot):
    done = cli("doctor", robot[1])
    assert "ok      connect: the device answers" in done.stdout, done.stdout + done.stderr
    assert "ok      limits: torque -1.5 to 1.5 N m, 60 N m/s" in done.stdout
    assert not any(robot[0].torques)


def test_it_is_driven(robot, tmp_path):
    board, path = robot

    def answer(seen: Observation):
        torque = pendulum(seen.observation[0])
        yield Action(seen.rollout, seen.step, (torque[None] / 2).astype(np.float32), np.zeros(1, np.float32), 0)

    loop = Rearmed(tmp_path, answer, file=path, env="Pendulum-v1", rollout_steps=4)
    loop.run(lambda: len(loop.of(Transition)) == 2)
    first = loop.of(Transition)[0]
    assert first.observation.shape == (4, 1, 3) and first.action.shape == (4, 1, 1)
    assert max(map(abs, board.torques)) <= 1.5
    assert [f"{m.applied[0]:.2f}" for m in loop.of(Command)] == [f"{t:.2f}" for t in board.torques if t][
        : len(loop.of(Command))
    ]
    list(loop.node.finish())
    assert board.torques[-1] == 0


def test_a_port_that_is_not_there_is_one_sentence(robot):
    path = robot[1]
    path.write_text(re.sub(r"port: \S+}", "port: /dev/no-such-port}", path.read_text()))
    with pytest.raises(DriverError, match="/dev/no-such-port: "):
        load(path).driver.connect()
