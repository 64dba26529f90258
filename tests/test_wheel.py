"""The package as its users get it: a wheel, installed into an environment that has never seen the clone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

OF_THE_USER = ("nodes", "drivers", "messages", "learning", "tests", "launch")
"""Folders of the user's own that are named as our rooms are."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a clone: building leaves files behind, and only what git knows is shipped
    git("clone", "--quiet", ROOT, source)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, source]
    subprocess.run(list(map(str, build)), check=True, capture_output=True, timeout=100)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def tutelage(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command. Its environment finds what we depend on where these tests do, and tutelage in the wheel."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    libraries = folder / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    (libraries / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    apart = ["--prefix", str(folder), "--ignore-installed"]  # else pip uninstalls the tutelage that runs these tests
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *apart, str(wheel)]
    subprocess.run(install, check=True, capture_output=True, timeout=60)
    return folder / "bin" / "tutelage"


def git(*words: object) -> None:
    subprocess.run(["git", *map(str, words)], check=True, capture_output=True, timeout=60)


def run(command: Path, *words: str, cwd: Path) -> str:
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    python = command.parent / "python"
    done = subprocess.run([python, command, *words], cwd=cwd, env=alone, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_all_that_it_installs_has_one_name(wheel: Path) -> None:
    shipped = zipfile.ZipFile(wheel).namelist()
    for name in ("py.typed", "nodes/screens/web/operate.js", "nodes/screens/web/operate.css"):
        assert f"tutelage/{name}" in shipped
    names = {name.partition("/")[0] for name in shipped}
    assert {name for name in names if not name.endswith(".dist-info")} == {"tutelage"}


def test_it_says_its_version(tutelage: Path, tmp_path: Path) -> None:
    assert run(tutelage, "--version", cwd=tmp_path).startswith("tutelage, version 0.")


def test_it_learns_from_an_empty_folder(tutelage: Path, tmp_path: Path) -> None:
    run(tutelage, "launch", "gail.yaml", "budget:=4096", "episodes:=2", "--run-dir", "run", cwd=tmp_path)
    assert json.loads((tmp_path / "run/report.json").read_text())["environment_steps"] == 4096


@pytest.mark.slow
def test_folders_of_the_users_that_are_named_as_our_rooms_hide_nothing_and_are_found(
    tutelage: Path, tmp_path: Path
) -> None:
    for name in OF_THE_USER:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
    node = "from tutelage import Node\nfrom tutelage.messages import Episode\n\n\nclass Counter(Node):\n    hears = (Episode,)\n"
    for module in ("nodes/counter.py", "drivers/arm.py"):
        (tmp_path / module).write_text(f"{node}\n    def hear(self, message):\n        return ()\n")
    (tmp_path / "mine.yaml").write_text(
        "include:\n  - {file: gail.yaml, arguments: {budget: 2048, episodes: 2}}\n"
        "nodes:\n  counter: {run: nodes.counter:Counter}\n  other: {run: drivers.arm:Counter}\n"
    )
    run(tutelage, "launch", "mine.yaml", "--run-dir", "run", cwd=tmp_path)
    assert json.loads((tmp_path / "run/report.json").read_text())["environment_steps"] == 4096  # two rollouts
