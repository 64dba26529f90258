"""Tasks: how they are named, what they accept, and their copies stepped together."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from tutelage.input.problems import Refusal
from tutelage.invocation import installing
from tutelage.tasks.task import Environments, Task, TaskSpaces, time_limit
from tutelage.teaching.tempo import Tempo


def test_a_continuous_action_goes_to_the_bounds_and_back() -> None:
    spaces = TaskSpaces(3, 2, False, np.array([0.0, -10.0]), np.array([1.0, 10.0]))
    np.testing.assert_allclose(spaces.to_task(np.array([[0.0, 3.0]])), [[0.5, 10]])  # 3 is clipped to 1
    np.testing.assert_allclose(spaces.from_task(np.array([[0.5, 10.0]])), [[0, 1]])


@pytest.mark.parametrize("env", ["CartPole-v1", "Pendulum-v1", "MountainCarContinuous-v0"])
def test_copies_do_what_gymnasiums_own_vector_environment_does(env: str) -> None:
    task, rng = Task(env), np.random.default_rng(0)
    ours = Environments(task, 3)
    theirs = gymnasium.make_vec(env, 3, vectorization_mode="sync")
    observation, _ = theirs.reset(seed=[5, 6, 7])  # type: ignore[arg-type]
    np.testing.assert_array_equal([ours.reset(i, seed) for i, seed in enumerate((5, 6, 7))], observation)
    for _ in range(8):  # no episode ends so soon
        action = rng.integers(2, size=3) if task.spaces.discrete else rng.uniform(-1, 1, (3, 1)).astype(np.float32)
        got, wanted = ours.step(action), theirs.step(task.spaces.to_task(action))
        for mine, other in zip(got, wanted[:4], strict=True):
            np.testing.assert_array_equal(mine, other)
    theirs.close()
    ours.close()


def test_an_environment_may_say_0_or_1_where_others_say_false_or_true() -> None:
    copies = Environments(Task("tests.parts.odd_environments:Counting"), 2)
    copies.reset(0, 0), copies.reset(1, 0)
    _, _, terminated, truncated = copies.step(np.zeros(2, np.int64))
    assert terminated.dtype == truncated.dtype == bool and not (terminated | truncated).any()


def test_an_environment_that_states_no_pace_has_the_usual_one() -> None:
    assert Tempo(Task("tests.parts.odd_environments:Counting"), 0, 1, person=True).period == 1 / 30


def test_the_module_that_registers_an_environment_is_named_before_its_id() -> None:
    assert time_limit(Task("tests.parts.odd_environments:Odd-v0").make()) == 9


@pytest.mark.filterwarnings("ignore:.*out of date")
def test_of_an_environment_that_has_moved_the_version_that_is_there_is_named() -> None:
    with pytest.raises(Refusal, match=r"the version that gymnasium has is Ant-v5$"):
        Task("Ant-v2").make()


def test_an_environment_can_be_told_more_than_its_name() -> None:
    task = Task({"id": "Pendulum-v1", "arguments": {"g": 1.0}, "wrappers": ["gymnasium.wrappers:FlattenObservation"]})
    made = task.make()
    assert made.unwrapped.g == 1.0
    assert isinstance(made, gymnasium.wrappers.FlattenObservation)


@pytest.mark.parametrize(
    ("env", "module", "rooms", "name"),
    [("Hopper-v5", "mujoco", "mujoco", "MuJoCo"), ("LunarLander-v3", "Box2D", "box2d", "Box2D")],
)
def test_of_an_extra_that_is_missing_our_own_command_is_told(
    env: str, module: str, rooms: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for loaded in [one for one in sys.modules if one.startswith((module, f"gymnasium.envs.{rooms}"))]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, module, None)  # what Python takes for not there
    told = rf"{env}: cannot be made: {name} is not installed: {re.escape(installing(rooms))}$"
    with pytest.raises(Refusal, match=f"^{told}"):
        _ = Task(env).spaces


@pytest.mark.skipif(find_spec("mujoco") is None, reason="needs the extra mujoco")
def test_mujoco_warns_in_the_log_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Task("HalfCheetah-v5").make()  # its file is of an older MuJoCo, which it is told
    environment = Task("Hopper-v5").make().unwrapped
    environment.reset(seed=0)
    environment.set_state(np.full(6, 1e9), np.full(6, 1e12))
    environment.do_simulation(np.zeros(3), 4)
    assert "MuJoCo: " in capsys.readouterr().err and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ("NoSuch-v1", "cannot be made"),
        ("Blackjack-v1", "a flat Box is needed"),
        ("nowhere:make", "cannot be loaded"),
        ("nowhere:Odd-v0", "cannot be made: No module named 'nowhere'"),
        ("tests.parts.odd_environments:raising", "cannot be made: ValueError: no licence"),
        ("tests.parts.odd_environments:nothing", "gives a NoneType, which has no observation_space"),
        (
            "tests.parts.odd_environments:OfFiveParts",
            "gives a OfFiveParts, which has no spec: it must be an environment",
        ),
        ({"id": "CartPole-v1", "wrappers": ["gymnasium.wrappers:TimeLimit"]}, "cannot be made: TypeError: TimeLimit"),
        ("FetchReach-v4", "if another package has it, name that package before it: PACKAGE:FetchReach-v4$"),
        ({"id": "CartPole-v1", "argument": {}}, "must be a name, or a mapping of id, arguments and wrappers"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_a_sentence(env: str | dict[str, object], sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        _ = Task(env).spaces
