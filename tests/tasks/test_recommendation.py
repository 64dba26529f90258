"""Who starts a launch file on a task for which another fits better is told so, in a line."""

from pathlib import Path

import pytest

from tests.parts.run_cli import finished
from tutelage.tasks.recommendation import recommendation


@pytest.mark.parametrize(
    ("algorithm", "env", "better"),
    [
        ("gail", "Hopper-v5", "dac.yaml"),
        ("gail", "LunarLanderContinuous-v3", ""),
        ("gail", "CartPole-v1", ""),
        ("dac", "Hopper-v5", ""),
        ("dac", "Pendulum-v1", ""),
        ("dac", "CartPole-v1", "gail.yaml"),
        ("iq", "CartPole-v1", ""),
        ("iq", "Hopper-v5", "dac.yaml"),
        ("iq", "LunarLander-v3", "gail.yaml"),
        ("dac", "LunarLanderContinuous-v3", "gail.yaml"),
        ("gail", "MountainCar-v0", "dac.yaml"),
        ("bc", "Hopper-v5", ""),
    ],
)
def test_the_launch_file_that_fits_better_is_named(algorithm: str, env: str, better: str) -> None:
    for name, package in (("Hopper", "mujoco"), ("LunarLander", "Box2D")):
        if env.startswith(name):
            pytest.importorskip(package)
    said = recommendation(algorithm, env)
    assert better in said and bool(said) == bool(better)


def test_it_is_said_once_when_a_run_begins(tmp_path: Path) -> None:
    run = finished(tmp_path, "dac.yaml", "budget:=512", "episodes:=1")
    assert run.output.count("gail.yaml fits better") == 1 and run.output.startswith("for CartPole-v1 ")


def test_who_has_shown_something_is_told_what_learns_from_it_best(tmp_path: Path) -> None:
    run = finished(tmp_path, "record.yaml", "env:=Pendulum-v1", "operator:=scripted", "episodes:=1")
    assert "launch dac.yaml env:=Pendulum-v1 demonstrations:=" in run.output
