"""A file is data: none of the ways in which one can name code runs it, unless its user says so."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.parts.episodes import driven, record, take
from tests.parts.run_cli import cli
from tutelage.files.checkpoint import LAYOUT
from tutelage.graph import Graph, NodePlan
from tutelage.input.problems import Refusal
from tutelage.learning.ppo import PPO, Settings
from tutelage.learning.rollout import Spaces
from tutelage.supervision import run
from tutelage.supervision.signature import KEY_BYTES, made_here, sign
from tutelage.tasks.untrusted import check_env
from tutelage.teaching.formats import files
from tutelage.teaching.formats.columns import joined
from tutelage.teaching.formats.trajectory import Demonstrations

CARTPOLE, PENDULUM = "CartPole-v1", "Pendulum-v1"

MODULE = """
import pathlib
pathlib.Path(__file__).with_name("MARK").touch()
from tutelage import Node
class Payload(Node):
    observer = True
def make(*arguments, **keywords):
    pathlib.Path(__file__).with_name("MARK").touch()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module that leaves a mark when it is imported. Python finds it, as it finds any of a victim's."""
    (tmp_path / "payload.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]))
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def touch(folder: Path) -> str:
    return f"touch {folder / 'MARK'}"


def system(folder: Path) -> dict[str, Any]:
    """An environment that is a command."""
    return {"id": "os:system", "arguments": {"command": touch(folder)}}


def module(folder: Path) -> dict[str, Any]:
    return {"id": "payload:make"}


def gymnasiums_own(folder: Path) -> dict[str, Any]:
    """gymnasium's own way of naming a module."""
    return {"id": "payload:CartPole-v1"}


def wrapper(folder: Path) -> dict[str, Any]:
    return {"id": CARTPOLE, "wrappers": ["payload:make"]}


def wrapper_of_none(folder: Path) -> dict[str, Any]:
    return {"id": CARTPOLE, "wrappers": ["gymnasium.wrappers.rendering:deepcopy"]}


def wrapper_beside(folder: Path) -> dict[str, Any]:
    return {"id": CARTPOLE, "wrappers": ["gymnasium.wrappers_of_mine:make"]}


def file_argument(folder: Path) -> dict[str, Any]:
    """A file that an environment would open."""
    return {"id": CARTPOLE, "arguments": {"xml_file": str(folder / "robot.xml")}}


def old_environment(folder: Path) -> dict[str, Any]:
    return {"id": "GymV26Environment-v0", "arguments": {"env_id": "payload:CartPole-v1"}}


ENVIRONMENTS = [
    *(system, module, gymnasiums_own, wrapper, wrapper_of_none, wrapper_beside, file_argument, old_environment)
]


def npz(folder: Path, env: dict[str, Any]) -> Path:
    columns = joined([driven(CARTPOLE, 0, 5)])
    arguments = json.dumps(env.get("arguments", {}))
    np.savez(folder / "demos.npz", env_id=np.array(env["id"]), env_kwargs=np.array(arguments), **columns)  # type: ignore[arg-type]
    return folder / "demos.npz"


def hdf5(folder: Path, env: dict[str, Any]) -> Path:
    one = driven(CARTPOLE, 0, 5)
    with h5py.File(folder / "demos.hdf5", "w") as file:
        data = file.create_group("data")
        kwargs = env.get("arguments", {})
        data.attrs["env_args"] = json.dumps({"env_name": env["id"], "type": 2, "env_kwargs": kwargs})
        demo = data.create_group("demo_0")
        demo["obs/all"], demo["next_obs/all"] = one.observation[:-1], one.observation[1:]
        demo["actions"], demo["rewards"] = one.action, one.reward
    return folder / "demos.hdf5"


def minari(folder: Path, env: dict[str, Any]) -> Path:
    path, _ = files.write(str(folder / "demos-v0"), Demonstrations([driven(CARTPOLE, 0, 5)], CARTPOLE), "minari")
    place = path / "data/metadata.json"
    about = json.loads(place.read_text())
    spec = json.loads(about["env_spec"])
    spec |= {"id": env["id"], "entry_point": "payload:make", "kwargs": env.get("arguments", {})}
    spec["additional_wrappers"] = [{"name": "One", "entry_point": one, "kwargs": {}} for one in env.get("wrappers", [])]
    place.write_text(json.dumps({**about, "env_spec": json.dumps(spec)}))
    return path


def minari_bare(folder: Path, env: dict[str, Any]) -> Path:
    """Minari itself makes the environment, to know the spaces."""
    path = minari(folder, env)
    place = path / "data/metadata.json"
    about = json.loads(place.read_text())
    del about["observation_space"]
    place.write_text(json.dumps(about))
    return path


def simulator(env: Any) -> NodePlan:
    return NodePlan("simulator", "nodes.simulator:Simulator", parameters={"env": env})


def recording(folder: Path, *plans: NodePlan, paths: tuple[str, ...] = (), env: str = CARTPOLE) -> Path:
    graph = Graph("gail", list(plans), paths=list(paths))
    record(folder / "demos.mcap", [take(env, driven(env, 0, 5))], graph=graph.to_json(), run='{"run": "a"}')
    return folder / "demos.mcap"


def run_folder(folder: Path, *plans: NodePlan, paths: tuple[str, ...] = ()) -> Path:
    """A run that was cut off, with weights."""
    place = folder / "run"
    (place / "logs").mkdir(parents=True)
    graph = Graph("gail", list(plans), paths=list(paths))
    (place / "graph.json").write_text(json.dumps(asdict(graph)))
    (place / "run.json").write_text(json.dumps({"run": "a", "checkpoints": LAYOUT}))
    save_file(PPO(Spaces(4, 2, True), 0, Settings()).tensors(), place / "weights.safetensors")
    return place


Way = Callable[[Path], tuple[object, ...]]
"""Makes a hostile file in a folder; gives the command that a person gives it to."""


def demos(command: str, make: Callable[[Path, dict[str, Any]], Path], env: Callable[[Path], dict[str, Any]]) -> Way:
    more = {"show": (0,), "merge": ("-o", "out.npz"), "export": ("out-v0", "--to", "minari")}
    return lambda folder: ("demos", command, make(folder, env(folder)), *more.get(command, ()))


def of_simulator(folder: Path, env: dict[str, Any]) -> Path:
    return recording(folder, simulator(env))


def continuous(folder: Path, env: dict[str, Any]) -> Path:
    """A recording whose actions need the environment's bounds."""
    return recording(folder, simulator(env), env=PENDULUM)


def evaluate(env: Callable[[Path], dict[str, Any]]) -> Way:
    return lambda folder: ("evaluate", run_folder(folder, simulator(env(folder))), "--episodes", 1)


def hostile_plans(folder: Path) -> dict[str, list[NodePlan]]:
    """Graphs in which a node, or what one is made with, is code."""
    sleeper = NodePlan("program", command=["/bin/sh", "-c", touch(folder)])
    operator = {"env": CARTPOLE, "operator": "payload:make"}
    return {
        "module": [NodePlan("report", "payload:Payload")],
        "file": [NodePlan("report", f"{folder / 'payload.py'}:Payload")],
        "program": [sleeper, simulator(CARTPOLE)],
        "environment": [simulator(system(folder))],
        "operator": [NodePlan("teleoperator", "nodes.demonstrator:Demonstrator", parameters=operator)],
    }


def verify(kind: str) -> Way:
    return lambda folder: ("verify", recording(folder, *hostile_plans(folder)[kind]))


def play(kind: str) -> Way:
    more = ("--rate", "0", "--run-dir", "play")
    return lambda folder: ("bag", "play", recording(folder, *hostile_plans(folder)[kind]), *more)


def resume(kind: str) -> Way:
    return lambda folder: ("launch", "--resume", run_folder(folder, *hostile_plans(folder)[kind]))


def robots_file(folder: Path, env: Any = None) -> Path:
    (folder / "robot.yaml").write_text("driver: payload.py:Payload\ntask: payload.py:Payload\nrate: 50\n")
    plan = NodePlan("hardware", "nodes.hardware:Hardware", parameters={"robot": str(folder / "robot.yaml")})
    return recording(folder, plan, env=PENDULUM)


def shadowed(folder: Path) -> Path:
    """A folder on the path in which a module of the graph is another."""
    return run_folder(folder, NodePlan("a", "payload:Payload", parameters={"env": CARTPOLE}), paths=(str(folder),))


def signed_by_another(folder: Path) -> Path:
    place = shadowed(folder)
    (place / "run.json").write_text(json.dumps({"run": "a", "checkpoints": LAYOUT, "signature": "0" * 64}))
    return place


def signed_for_another(folder: Path) -> Path:
    place = shadowed(folder)
    signature = sign("a", Graph("gail", [simulator(CARTPOLE)]))
    (place / "run.json").write_text(json.dumps({"run": "a", "checkpoints": LAYOUT, "signature": signature}))
    return place


WAYS: dict[str, Way] = {
    **{f"recording, replay, {env.__name__}": demos("replay", of_simulator, env) for env in ENVIRONMENTS},
    **{f"npz, replay, {env.__name__}": demos("replay", npz, env) for env in (system, gymnasiums_own)},
    **{f"hdf5, replay, {env.__name__}": demos("replay", hdf5, env) for env in (system, file_argument)},
    **{f"minari, replay, {env.__name__}": demos("replay", minari, env) for env in (module, wrapper, wrapper_of_none)},
    **{f"npz, {command}": demos(command, npz, module) for command in ("list", "show", "merge", "export")},
    **{f"recording, {command}": demos(command, continuous, system) for command in ("list", "export")},
    "minari, list": demos("list", minari, module),
    **{f"minari without spaces, {command}": demos(command, minari_bare, wrapper) for command in ("list", "replay")},
    **{f"evaluate, {env.__name__}": evaluate(env) for env in (system, wrapper, file_argument)},
    **{f"verify, {kind}": verify(kind) for kind in ("module", "file", "program", "environment", "operator")},
    **{f"bag play, {kind}": play(kind) for kind in ("module", "file", "program")},
    **{f"resume, {kind}": resume(kind) for kind in ("file", "program", "operator")},
    "robot's file, list": demos("list", robots_file, module),
    "robot's file, discard": lambda folder: ("demos", "discard", robots_file(folder), 0),
    "paths, evaluate": lambda folder: ("evaluate", shadowed(folder), "--episodes", 1),
    "paths, resume": lambda folder: ("launch", "--resume", shadowed(folder)),
    "signature of another, resume": lambda folder: ("launch", "--resume", signed_by_another(folder)),
    "signature of another graph, resume": lambda folder: ("launch", "--resume", signed_for_another(folder)),
}


HARMLESS = {"robot's file, discard": 0, "paths, evaluate": 0}
"""What does as it is told without the code: a verdict needs none, and CartPole-v1 is gymnasium's."""


@pytest.mark.parametrize("way", WAYS)
def test_no_file_runs_code(way: str, folder: Path) -> None:
    done = cli(*WAYS[way](folder), cwd=folder)
    assert not (folder / "MARK").exists()
    assert done.returncode == HARMLESS.get(way, 2), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if done.returncode:
        assert "--trust" in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize(
    "way", ["minari without spaces, list", "recording, replay, module", "verify, file", "resume, file"]
)
def test_with_the_word_it_runs(way: str, folder: Path) -> None:
    """So the test above would see it."""
    cli(*WAYS[way](folder), "--trust", cwd=folder)
    assert (folder / "MARK").exists()


def described(folder: Path) -> Path:
    """What a launch leaves behind."""
    folder.mkdir()
    run.describe(Graph("gail", [simulator(CARTPOLE)]), folder)
    return folder


def about(folder: Path) -> dict[str, str]:
    return {name: (folder / f"{name}.json").read_text() for name in ("run", "graph")}


def test_a_run_of_this_user_and_machine_is_known_wherever_it_is_moved(tmp_path: Path) -> None:
    place = described(tmp_path / "run")
    assert made_here(about(place))
    shutil.move(place, tmp_path / "elsewhere")
    assert made_here(about(tmp_path / "elsewhere"))


@pytest.mark.parametrize(
    ("file", "old", "new"), [("graph.json", "CartPole-v1", "Pendulum-v1"), ("run.json", "run", "ran")]
)
def test_a_changed_run_is_a_strangers(file: str, old: str, new: str, tmp_path: Path) -> None:
    place = described(tmp_path / "run")
    (place / file).write_text((place / file).read_text().replace(old, new))
    assert not made_here(about(place))


def test_a_run_of_another_key_is_a_strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = described(tmp_path / "run")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
    assert not made_here(about(place)) and not (tmp_path / "other").exists()
    described(tmp_path / "again")
    assert not made_here(about(place)) and made_here(about(tmp_path / "again"))


@pytest.mark.parametrize("wrong", ["readable", "empty", "no folder"])
def test_where_no_key_can_be_kept_that_is_said_and_nothing_is_trusted(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if wrong == "no folder":
        (tmp_path / "state").write_text("a file")
    else:
        (tmp_path / "state/tutelage").mkdir(parents=True)
        (tmp_path / "state/tutelage/key").write_bytes(bytes(0 if wrong == "empty" else KEY_BYTES))
        (tmp_path / "state/tutelage/key").chmod(0o644 if wrong == "readable" else 0o600)
    place = described(tmp_path / "run")
    assert "will ask for --trust" in capfd.readouterr().err
    assert not made_here(about(place))


def test_the_key_is_of_its_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    described(tmp_path / "run")
    assert (tmp_path / "tutelage/key").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path / "tutelage") == ["key"]


GOOD: list[Any] = [
    CARTPOLE,
    {"id": PENDULUM, "arguments": {"g": 5.0, "max_episode_steps": 70}},
    {"id": "FrozenLake-v1", "arguments": {"map_name": "4x4", "is_slippery": False, "desc": None}},
    {"id": CARTPOLE, "wrappers": ["gymnasium.wrappers.transform_observation:FlattenObservation"]},
    "drivers.rig.environment:randomised_cart_pole",
]


@pytest.mark.parametrize("env", GOOD)
def test_what_gymnasium_and_the_rig_have_needs_no_word(env: Any) -> None:
    check_env(env, "file")


@pytest.mark.parametrize("env", [1, None, [], {"id": 3}, {"id": CARTPOLE, "arguments": []}, {"wrappers": "a"}])
def test_what_is_no_environment_is_refused(env: Any) -> None:
    with pytest.raises(Refusal, match="must be a name, or a mapping"):
        check_env(env, "file")
