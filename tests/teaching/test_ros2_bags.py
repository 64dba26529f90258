"""Bags of ROS 2, made by the writer of mcap_ros2, become demonstrations."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mcap.writer as mcap
import numpy as np
import pytest

from tests.parts.episodes import driven
from tests.parts.run_cli import cli
from tutelage.input.problems import Refusal
from tutelage.tasks.task import Task
from tutelage.teaching.formats import files
from tutelage.teaching.formats.trajectory import Trajectory

writing = pytest.importorskip("mcap_ros2.writer", reason="needs the extra ros2-bags")

STATE = (
    "string name\nfloat64[] position\ngeometry_msgs/Point where\n"
    + "=" * 80
    + "\nMSG: geometry_msgs/Point\nfloat32 x\nfloat32 y\n"
)
COMMAND, CHOICE = "float32 data", "int64 data"
MAPPING = """
env: Pendulum-v1
bags: [first.mcap, second]
observation: [/state position, "/state where.x"]
action: [/command data]
"""
MS = 1_000_000


def bag(path: Path, one: Trajectory, choice: bool = False, close: bool = True) -> None:
    """An episode as a robot with 50 observations a second records it, the command 5 ms after each."""
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as stream:
        writer = writing.Writer(stream)
        state = writer.register_msgdef("my_msgs/msg/State", STATE)
        command = writer.register_msgdef("std_msgs/msg/Data", CHOICE if choice else COMMAND)
        writer.write_message("/command", command, {"data": 0}, log_time=0)  # before anything was observed
        for i, (*position, x) in enumerate(one.observation.astype(float).tolist()):
            where = {"x": x, "y": 0.0}
            said: Any = SimpleNamespace(name="arm", position=position, where=where)
            writer.write_message("/state", state, said, log_time=i * 20 * MS + MS)
            if i < len(one.action):
                action = one.action[i].item() if choice else float(one.action[i, 0])
                writer.write_message("/command", command, {"data": action}, log_time=i * 20 * MS + 6 * MS)
        if close:
            writer.finish()


def cut_off(path: Path) -> None:
    """A bag whose only message has half of a float."""
    with path.open("wb") as stream:
        writer = mcap.Writer(stream)
        writer.start()
        kind = writer.register_schema("std_msgs/msg/Data", "ros2msg", COMMAND.encode())
        writer.add_message(writer.register_channel("/command", "cdr", kind), 0, b"\0\1\0\0\0\0", 0)
        writer.finish()


def mapping(folder: Path, text: str = MAPPING) -> str:
    (folder / "bags.yaml").write_text(text)
    return str(folder / "bags.yaml")


def same(found: Trajectory, shown: Trajectory) -> None:
    assert found.observation.tolist() == shown.observation.astype(float).tolist()
    assert found.action.tolist() == shown.action.tolist()
    assert found.truncated and not found.terminated and found.rate == pytest.approx(50)
    assert found.reward.tolist() == [0.0] * len(shown.action)


def test_a_step_is_a_command_with_the_newest_observation_by_then(tmp_path: Path) -> None:
    shown = [driven("Pendulum-v1", i, 20 + i) for i in range(2)]
    bag(tmp_path / "first.mcap", shown[0])
    bag(tmp_path / "second" / "second_0.mcap", shown[1])
    found = files.read(mapping(tmp_path), Task("Pendulum-v1"))
    for one, other in zip(found.trajectories, shown, strict=True):
        same(one, other)
    assert found.env == "Pendulum-v1" and "counts as truncated" in found.notes[0]
    assert "was 0.005 s old" in found.notes[1]


def test_whole_numbers_are_a_discrete_action_and_the_import_is_an_npz_to_learn_from(tmp_path: Path) -> None:
    shown = driven("CartPole-v1", 0, 30)
    bag(tmp_path / "one.mcap", shown, choice=True)
    place = mapping(tmp_path, MAPPING.replace("Pendulum", "CartPole").replace("first.mcap, second", "one.mcap"))
    done = cli("demos", "import", place, "one.npz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (found,) = files.read(tmp_path / "one.npz", Task("CartPole-v1")).trajectories
    assert found.action.dtype == np.int64
    same(found, shown)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("[/command data]", "[/commands data]", "first.mcap: has no step: /commands said nothing in time"),
        ("[/command data]", "[/command]", "'/command' must be a topic and a field"),
        ("/state position", "/state speed", "/state has messages without speed"),
        ("/state position", "/state name", "/state name is not made of numbers"),
        ("/state position", '"/state position[7]"', "/state has messages without position.7"),
        ("bags:", "bag:", "has no key 'bag'; did you mean 'bags'"),
        ("first.mcap, ", "open.mcap, ", "open.mcap: is no whole bag in MCAP: `mcap recover`"),
        ("first.mcap, ", "bags.yaml, ", "bags.yaml: is no whole bag in MCAP"),
        ("first.mcap, ", "nothing.mcap, ", "nothing.mcap"),
        ("first.mcap, ", "cut.mcap, ", "cut.mcap: has a message with fewer bytes than its type"),
        ("env:", "most_age_seconds: 0.004\nenv:", "first.mcap: step 0: /state was silent for 0.005 s, more than"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(tmp_path: Path, before: str, after: str, sentence: str) -> None:
    bag(tmp_path / "first.mcap", driven("Pendulum-v1", 0, 5))
    bag(tmp_path / "open.mcap", driven("Pendulum-v1", 0, 5), close=False)
    cut_off(tmp_path / "cut.mcap")
    (tmp_path / "second").mkdir()
    with pytest.raises(Refusal, match=sentence):
        files.read(mapping(tmp_path, MAPPING.replace(before, after, 1)), Task("Pendulum-v1"))
