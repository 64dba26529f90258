"""`tutelage new`: the package that it writes is tested, checked and launched as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts.run_cli import CLI, cli, finished

ROOT = CLI.parent


def test_a_new_package_is_tested_and_launched_as_it_stands(tmp_path: Path) -> None:
    done = cli("new", "arm", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "launch it:  python cli.py launch arm/arm.yaml" in done.stdout
    tested = tool("pytest", "arm", "-p", "no:cacheprovider", folder=tmp_path)
    assert tested.returncode == 0 and "2 passed" in tested.stdout, tested.stdout
    run = finished(tmp_path, "arm/arm.yaml", "budget:=4096", "episodes:=1")
    rows = run.rows
    longest = [row["arm/longest_episode"] for row in rows if "arm/longest_episode" in row]
    assert longest == sorted(set(longest)) and longest[-1] > 10


def test_it_is_written_as_we_write_ours(tmp_path: Path) -> None:
    cli("new", "arm", cwd=tmp_path)
    for words in (["check"], ["format", "--check"]):
        done = tool("ruff", *words, "--config", str(ROOT / "pyproject.toml"), "arm", folder=tmp_path)
        assert done.returncode == 0, done.stdout


def tool(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("my-arm", "a package cannot have this name: use letters, digits and _, for example my_arm"),
        ("class", "a package cannot have this name: use letters, digits and _, for example my_robot"),
        ("numpy", "an installed package has this name and would be imported: choose another"),
        ("there", "this exists already: choose another name"),
    ],
)
def test_a_name_that_would_not_do_is_refused(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "there").touch()
    done = cli("new", name, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr == f"{name}: {said}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
