"""The same launch files on a simulator and on rigs, each a real process: only the robot argument is another."""

from __future__ import annotations

import subprocess
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.drivers.test_ros2 import PYTHON, environment, started
from tests.drivers.test_ros2 import pytestmark as ros2
from tests.parts import run_cli
from tests.parts.rigs import robot_file, running
from tests.parts.run_cli import Run, finished
from tutelage.teaching.formats.takes import takes


def fresh_in_ros2(script: Path, words: list[str], streams: Sequence[Path], cwd: Path) -> subprocess.Popen[bytes]:
    """A process of rclpy's Python, of our version, with our packages before its own."""
    with streams[1].open("w") as out:
        return subprocess.Popen([str(PYTHON), str(script), *words], cwd=cwd, stdout=out, stderr=out)


SERIAL = pytest.param("serial", marks=pytest.mark.slow)


@pytest.fixture(params=["simulator", "dynamixel", SERIAL, pytest.param("ros2", marks=ros2)])
def robot(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The one argument."""
    if request.param == "simulator":
        yield []
    elif request.param == "ros2":
        for name, value in {**environment(), "PYTHONPATH": sysconfig.get_path("purelib")}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(run_cli, "Forked", fresh_in_ros2)
        with started("-m", "tutelage.drivers.rig.ros2_robot", "cartpole") as machine:
            assert machine.stdout and machine.stdout.readline() == "ready\n"
            yield [f"robot:={robot_file('cartpole_ros2', tmp_path, {'silent_seconds': 1.0})}"]
            machine.kill()
    else:
        with running("cartpole", request.param, tmp_path) as rig:
            yield [f"robot:={rig.file(tmp_path)}"]


def launched(folder: Path, file: str, *arguments: str) -> Run:
    place = folder / file.removesuffix(".yaml")
    return finished(place, file, *arguments)


def test_record_clone_imitate_and_drive(tmp_path: Path, robot: list[str]) -> None:
    shown = launched(
        tmp_path, "record.yaml", "operator:=tests.parts.leaning:lean", "episodes:=2", "steering:=true", *robot
    )
    kept = [said.take for said in takes(shown.run_dir / "recording.mcap").takes if said.take.verdict == "kept"]
    assert len(kept) == 2
    for take in kept:
        assert take.terminated and len(take.action) >= 2 and abs(take.observation[-1, 2]) > 0.2
        assert take.action[1:].tolist() == [1] * (len(take.action) - 1)
    cloned = launched(
        tmp_path, "bc.yaml", f"demonstrations:={shown.run_dir}", "demonstrations_count:=2", "epochs:=2", "episodes:=1"
    )
    assert cloned.report["demonstrations"] == 2
    few = [
        "steering:=true",
        "environments:=1",
        "rollout_steps:=32",
        "budget:=64",
        "episodes:=1",
        "demonstrations_count:=1",
    ]
    learned = launched(tmp_path, "gail.yaml", *few, *robot)
    assert learned.report["environment_steps"] == 64
    if robot:
        driven = launched(tmp_path, "hardware.yaml", f"policy:={learned.run_dir}", "seconds:=3", *robot)
        assert driven.report["seconds_up"] > 1 and driven.report["weights_digest"] == learned.digest
