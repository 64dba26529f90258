"""Arguments that follow from others, and the settings that `--args` lists."""

import dataclasses
import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from tests.parts.rigs import ROOT
from tests.parts.run_cli import Run, cli, finished
from tutelage import launcher
from tutelage.input.loading import named
from tutelage.input.problems import Problem, Refusal
from tutelage.launchfiles import declared, launchfile
from tutelage.launchfiles.usage import usage
from tutelage.supervision import run, run_folder
from tutelage.tasks.task import Task
from tutelage.teaching.formats import files
from tutelage.teaching.formats.trajectory import Demonstrations, Trajectory

FOLLOWS = """
arguments:
  size: {default: 1, from: {long: "tests.tutelage.test_sources:length", wide: "tests.tutelage.test_sources:length"}}
  long: {default: null, type: str}
  wide: {default: "1234"}
nodes: {one: {run: "module:Class", parameters: {size: $(size)}}}
"""


def length(word: str) -> int | None:
    if word == "unreadable":
        raise Refusal([Problem(word, "cannot be measured")])
    return len(word) or None


@pytest.mark.parametrize(
    ("given", "size", "follows"),
    [
        ({}, 1, ""),
        ({"wide": "abc"}, 3, "wide"),
        ({"wide": "abc", "long": "ab"}, 2, "long"),
        ({"wide": "abc", "long": ""}, 3, "wide"),
        ({"long": "ab", "size": "9"}, 9, ""),
        ({"long": "null"}, 4, "long"),
    ],
)
def test_an_argument_that_is_not_given_follows_from_the_first_that_says_it(
    tmp_path: Path, given: dict[str, str], size: int, follows: str
) -> None:
    (tmp_path / "launch.yaml").write_text(FOLLOWS)
    read = launchfile.read(tmp_path / "launch.yaml", given)
    assert not read.problems and read.entries[0].parameters["size"].value == size
    assert read.arguments["size"].follows == follows


def test_why_it_cannot_follow_is_a_problem_of_the_launch(tmp_path: Path) -> None:
    (tmp_path / "launch.yaml").write_text(FOLLOWS)
    (problem,) = launchfile.read(tmp_path / "launch.yaml", {"long": "unreadable"}).problems
    assert str(problem) == "unreadable: cannot be measured"


def demonstrations(folder: Path, env: str) -> Path:
    spaces, draw = Task("Pendulum-v1").spaces, np.random.default_rng(0)
    seen, action = draw.normal(size=(21, 3)).astype(np.float32), draw.uniform(-1, 1, (20, 1)).astype(np.float32)
    one = Trajectory(seen, spaces.to_task(action), np.zeros(20), False, True, 0, "kept", "somebody")
    return files.write(str(folder / "shown.npz"), Demonstrations([one], env), "npz")[0]


def test_demonstrations_name_the_environment_and_it_is_printed(tmp_path: Path) -> None:
    path = demonstrations(tmp_path, "Pendulum-v1")
    run = finished(tmp_path, "bc.yaml", f"demonstrations:={path}", "epochs:=1", "episodes:=1")
    assert run.report["environment"] == "Pendulum-v1"
    assert run.output.startswith(f"env:=Pendulum-v1, from demonstrations:={path}\n")


@pytest.mark.slow
def test_another_environment_than_theirs_is_refused_before_anything_is_shown(tmp_path: Path) -> None:
    path = demonstrations(tmp_path, "Pendulum-v1")
    run = Run(tmp_path, "bc.yaml", f"demonstrations:={path}", "env:=CartPole-v1").wait()
    assert run.process.returncode == 2 and "it says that it is of Pendulum-v1" in run.output
    assert "started" not in run.output and not run.run_dir.exists()


def test_an_environment_that_is_code_is_not_taken_from_a_file(tmp_path: Path) -> None:
    path = demonstrations(tmp_path, "os:getcwd")
    done = cli("launch", "bc.yaml", f"demonstrations:={path}", "--dry-run", cwd=tmp_path)
    assert done.returncode == 2 and "made with os:getcwd, which can run code: name it yourself" in done.stderr


@pytest.mark.parametrize("file", ["gail.yaml", "record.yaml"])
def test_a_robot_names_the_environment(tmp_path: Path, file: str) -> None:
    robot = ROOT / "launch" / "robots" / "pendulum_serial.yaml"
    read = launchfile.read(ROOT / "launch" / file, {"robot": str(robot), "operator": "scripted"})
    assert (read.arguments["env"].value, read.arguments["env"].follows) == ("Pendulum-v1", "robot")


@pytest.mark.parametrize("path", sorted((ROOT / "launch").glob("*.yaml")), ids=lambda path: path.name)
def test_args_list_the_settings_that_there_are_with_their_defaults(path: Path) -> None:
    shown = usage(str(path))
    for argument in launchfile.arguments(path).arguments.values():
        for name, function in argument.sources.items():
            assert name in launchfile.arguments(path).arguments and callable(named(function))
        assert argument.settings or argument.name not in ("settings", "discriminator")
        if argument.settings:
            module, _, name = argument.settings.partition(":")
            fields = dataclasses.fields(getattr(import_module(f"tutelage.{module}"), name))
            found = declared.settings(argument.settings)
            assert [one.name for one in found] == [field.name for field in fields]
            for one, field in zip(found, fields, strict=True):
                assert one.meaning and re.search(rf"  {one.name} +{re.escape(one.default)}  ", shown)
                written = one.default.strip("'").replace(".inf", "inf")
                assert written in (str(field.default), str(field.default).lower())


@pytest.mark.parametrize(
    ("file", "name"),
    [("gail.yaml", "operator"), ("gail.yaml", "policy"), ("ppo.yaml", "reward"), ("dagger.yaml", "operator")],
)
def test_env_follows_from_a_run_whose_modules_are_then_found(tmp_path: Path, file: str, name: str) -> None:
    made = launcher.graph("bc.yaml", ["env:=Pendulum-v1"])
    made.paths = [str(tmp_path / "theirs")]
    run_folder.prepare(tmp_path / "run")
    run.describe(made, tmp_path / "run")
    read, paths = launcher._read(file, [f"{name}:={tmp_path / 'run'}"])
    assert read.arguments["env"].value == "Pendulum-v1" and made.paths[0] in paths


def test_a_person_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keyboard").mkdir()
    read, _ = launcher._read("record.yaml", ["operator:=keyboard"])
    assert read.arguments["env"].value == "CartPole-v1"
