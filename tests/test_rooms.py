"""Who may import whom, of our rooms and of others' packages, and what works without torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ROOMS = {
    "cli": {"tutelage", "nodes", "messages", "drivers", "tasks"},
    "nodes": {"messages", "learning", "drivers", "tasks", "tutelage"},
    "drivers": {"tasks", "messages", "tutelage"},
    "tasks": {"tutelage"},
    "messages": {"tutelage"},
    "learning": set(),
    "tutelage": set(),
}

OTHERS = {"zmq": "tutelage/sockets.py", "msgpack": "tutelage/codec.py"}
"""Packages of others that a single file may import."""

WITH_TORCH = {"nodes.cloner", "nodes.discriminator", "nodes.learner"}
"""What needs torch outside of learning. A robot's computer has none, and runs all the rest."""

TOP_LEVEL = {
    *("bench", "docs", "drivers", "examples", "launch", "learning", "messages", "nodes", "tasks", "tests", "tutelage"),
    *("check.sh", "cli.py", "constraints.txt", "LICENSE", "pyproject.toml", "README.md"),
}


def files(room: str) -> list[Path]:
    return [ROOT / "cli.py"] if room == "cli" else sorted((ROOT / room).rglob("*.py"))


def imported(source: str) -> Iterator[tuple[int, str]]:
    """Line and top-level package of each import, those inside functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write out which room a relative import is from"
            yield node.lineno, (node.module or "").split(".")[0]


def imports(room: str) -> list[tuple[str, str, str]]:
    """(file, file:line, package) of every import in a room."""
    found = []
    for path in files(room):
        name = str(path.relative_to(ROOT))
        found += [(name, f"{name}:{line}", package) for line, package in imported(path.read_text())]
    assert found, f"{room} imports nothing at all: has it moved?"
    return found


def test_imports_inside_functions_are_seen() -> None:
    source = "import a.b\nfrom c.d import e\ndef f():\n    import g, h\n"
    assert list(imported(source)) == [(1, "a"), (2, "c"), (4, "g"), (4, "h")]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_it_may(room: str) -> None:
    wrong = [(where, package) for _, where, package in imports(room) if package in ROOMS.keys() - ROOMS[room] - {room}]
    assert wrong == []


def test_learning_imports_nothing_but_torch_and_numpy() -> None:
    known = {"learning", "torch", "numpy"} | sys.stdlib_module_names
    assert [(where, package) for _, where, package in imports("learning") if package not in known] == []


@pytest.mark.parametrize("package", OTHERS)
def test_one_file_imports(package: str) -> None:
    importers = {file for room in ROOMS for file, _, imported in imports(room) if imported == package}
    assert importers == {OTHERS[package]}


REFUSE_TORCH = """
import importlib, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("torch is refused here", name="torch")

sys.meta_path.insert(0, Refuse())
for module in sys.argv[1:]:
    print(module, flush=True)
    importlib.import_module(module)
"""


def import_without_torch(*modules: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter imports the modules in turn, with torch refused. It prints each before it does."""
    command = [sys.executable, "-c", REFUSE_TORCH, *modules]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def modules(room: str) -> list[str]:
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files(room)]
    return [name.removesuffix(".__init__") for name in names]


@pytest.mark.parametrize("room", ["tutelage", "messages", "tasks", "drivers", "nodes", "cli"])
def test_a_room_works_without_torch(room: str) -> None:
    done = import_without_torch(*(module for module in modules(room) if module not in WITH_TORCH))
    assert done.returncode == 0, f"{done.stdout.split()[-1]} needs torch:\n{done.stderr}"


@pytest.mark.parametrize("module", ["learning.acting", "learning.draws"])
def test_acting_works_without_torch(module: str) -> None:
    done = import_without_torch(module)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", sorted(WITH_TORCH))
def test_torch_is_really_refused_there(module: str) -> None:
    assert "torch is refused here" in import_without_torch(module).stderr


def test_launch_is_no_python_package() -> None:
    """With an __init__.py it would hide ROS 2's Python package of that name."""
    assert list((ROOT / "launch").rglob("*.py")) == []


def test_the_top_level_is_short() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    top_level = {line.split("/")[0] for line in listed.splitlines()}
    assert {name for name in top_level if not name.startswith(".")} <= TOP_LEVEL
