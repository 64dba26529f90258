"""Who may import whom, of our rooms and of others' packages, and what works without torch.

The order of the rooms, and the layers inside the machinery, are in pyproject.toml (`lint-imports`).
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ROOMS = ("drivers", "learning", "messages", "nodes", "tasks", "teaching")
"""Folders that are linked into `tutelage/`, where their one name is `tutelage.ROOM`."""

OTHERS = {
    "zmq": {"tutelage/transport/sockets.py", "tutelage/transport/curve.py"},
    "msgpack": {"tutelage/codec.py"},
}
"""Packages of others, and the only files that may import them."""

DEVICES = ("dynamixel_sdk", "serial", "rclpy", "lerobot", "pygame", "cv2")
"""Packages of others that only what touches a device may import."""

WITH_TORCH = {f"tutelage.nodes.{name}" for name in ("given_reward_learner", "iq_learner", "sac_learner")}
"""The off-policy learners, which alone need torch outside of learning. A robot's computer has none, and runs the rest."""

KINDS = {
    *(
        "admission",
        "airl_discriminator",
        "archive",
        "camera",
        "cloner",
        "console",
        "correction_learner",
        "dagger_learner",
    ),
    *("dashboard", "dataset", "demonstrator", "discriminator", "driven_simulator", "evaluator", "foxglove", "gatherer"),
    *("given_reward_learner", "hardware", "iq_learner", "labeller", "learner", "mixed_policy", "onnx_policy", "player"),
    *("policy", "recorder", "report", "reward_report", "rewarder", "robot_teleoperator", "sac_learner", "simulator"),
    *("sharing_learner", "steering", "takeover", "teleoperator", "tensorboard", "weights"),
}
"""The kinds of process that there are: `nodes/` holds one file for each, and nothing else."""

TOP_LEVEL = {
    *("bench", "docs", "drivers", "examples", "launch", "learning", "messages", "nodes", "tasks", "teaching", "tests"),
    *("tutelage", "check.sh", "cli.py", "constraints.txt", "LICENSE", "pyproject.toml", "README.md"),
    *("CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "MANIFEST.in"),
}


def files(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def imported(source: str) -> Iterator[tuple[int, str]]:
    """Line and full name of each import, those inside functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write out which room a relative import is from"
            yield node.lineno, node.module or ""


def imports(*rooms: str) -> list[tuple[str, str, str]]:
    """(file, file:line, module) of every import in these rooms."""
    found = []
    for path in files(*rooms):
        name = str(path.relative_to(ROOT))
        found += [(name, f"{name}:{line}", module) for line, module in imported(path.read_text())]
    assert found, f"{rooms} import nothing at all: have they moved?"
    return found


def length(path: Path) -> int:
    return len(path.read_text().splitlines())


def importers(package: str) -> set[str]:
    return {file for file, _, module in imports("tutelage", *ROOMS) if module.partition(".")[0] == package}


def test_imports_inside_functions_are_seen() -> None:
    source = "import a.b\nfrom c.d import e\ndef f():\n    import g, h\n"
    assert list(imported(source)) == [(1, "a.b"), (2, "c.d"), (4, "g"), (4, "h")]


def test_a_room_has_one_name() -> None:
    """Imported by its folder's name a module would be there twice, and its classes would not be the same."""
    everywhere = imports("tutelage", *ROOMS, "tests", "bench", "examples")
    assert [where for _, where, module in everywhere if module.partition(".")[0] in (*ROOMS, "cli")] == []


def test_each_room_is_linked_under_its_one_name() -> None:
    for room in (*ROOMS, "launch", "cli.py"):
        assert (ROOT / "tutelage" / room).readlink() == Path("..") / room


def test_nodes_are_the_kinds_of_process_and_nothing_else() -> None:
    assert {path.stem for path in (ROOT / "nodes").glob("*.py")} == KINDS | {"__init__"}
    assert [path.name for path in (ROOT / "nodes").iterdir() if path.is_dir() and path.name[0] != "_"] == ["screens"]


def test_a_node_is_one_screen() -> None:
    lines = {path.stem: length(path) for path in (ROOT / "nodes").glob("*.py")}
    assert {name: count for name, count in lines.items() if count > 150} == {}


def test_no_file_is_long() -> None:
    every = [*files("tutelage", *ROOMS), ROOT / "cli.py"]
    own = [path for path in every if not path.is_symlink()]
    long = {str(path.relative_to(ROOT)): lines for path in own if (lines := length(path)) > 250}
    assert long == {}


def test_nodes_know_few_of_each_other() -> None:
    """A kind of node imports another only to be one of its kind. What they share is in the rooms below, or a screen."""
    kinds = tuple(f"tutelage.nodes.{kind}" for kind in KINDS)
    arrows = {(file, module) for file, _, module in imports("nodes") if module in kinds and "/screens/" not in file}
    assert len(arrows) <= 8, sorted(arrows)


def test_learning_imports_nothing_but_torch_and_numpy() -> None:
    known = {"torch", "numpy"} | sys.stdlib_module_names
    wrong = [(where, module) for _, where, module in imports("learning") if module.partition(".")[0] not in known]
    assert [(where, module) for where, module in wrong if not module.startswith("tutelage.learning")] == []


@pytest.mark.parametrize("package", OTHERS)
def test_few_files_import(package: str) -> None:
    assert importers(package) == OTHERS[package]


@pytest.mark.parametrize("package", DEVICES)
def test_only_devices_import(package: str) -> None:
    assert {file.partition("/")[0] for file in importers(package)} <= {"drivers", "teaching"}


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
    prefix = "" if room == "tutelage" else "tutelage."
    names = [prefix + ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files(room)]
    return [name.removesuffix(".__init__") for name in names]


@pytest.mark.parametrize("room", ["tutelage", "messages", "tasks", "drivers", "teaching", "nodes"])
def test_a_room_works_without_torch(room: str) -> None:
    done = import_without_torch(*(module for module in modules(room) if module not in WITH_TORCH))
    assert done.returncode == 0, f"{done.stdout.split()[-1]} needs torch:\n{done.stderr}"


@pytest.mark.parametrize("module", ["tutelage.learning.acting", "tutelage.learning.draws"])
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
