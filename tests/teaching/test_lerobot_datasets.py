"""LeRobot's datasets are read as they were written, by us and by LeRobot itself, and what is odd is refused."""

import json
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from tests.parts import made_by_lerobot
from tests.parts.episodes import driven, trajectories
from tests.parts.run_cli import cli
from tutelage.input.problems import Refusal
from tutelage.messages import Demonstration
from tutelage.nodes.dataset import Dataset
from tutelage.tasks.task import Task
from tutelage.teaching.formats import files
from tutelage.teaching.formats.trajectory import Demonstrations, Trajectory

CARTPOLE, PENDULUM = "CartPole-v1", "Pendulum-v1"
LAST_ALONE = (
    "has no next_observations: the last step of each episode gives only its observation, "
    "and the episode counts as truncated there"
)
FIRST, SECOND = "chunk-000/file-000.parquet", "chunk-000/file-001.parquet"
LEROBOT = os.environ.get("LEROBOT_PYTHON")
"""A Python that has lerobot, whose pinned dependencies do not fit into this environment."""


def written(folder: Path, env: str = PENDULUM, episodes: int = 4) -> Path:
    shown = [driven(env, i, 20 + i) for i in range(episodes)]
    return files.write(str(folder / "dataset"), Demonstrations(shown), "lerobot", "hold it up", 50)[0]


def same(found: Trajectory, shown: Trajectory) -> None:
    """All but the last step's action and reward, since what came of them is not there."""
    for ours, theirs in (
        (found.observation, shown.observation[:-1]),
        (found.action, shown.action[:-1]),
        (found.reward, shown.reward[:-1]),
    ):
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape and ours.tobytes() == theirs.tobytes()
    assert found.truncated and not found.terminated


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shown=trajectories())
def test_what_we_write_is_read(shown: list[Trajectory], tmp_path: Path) -> None:
    long = [one for one in shown if len(one.action) > 1]
    path, _ = files.write(
        str(tmp_path / f"{len(list(tmp_path.iterdir()))}"), Demonstrations(long or shown), "lerobot", fps=20
    )
    if not long:
        with pytest.raises(Refusal, match="there is no complete step"):
            files.read(path)
        return
    found = files.read(path)
    for one, other in zip(found.trajectories, long, strict=True):
        same(one, other)
    assert found.notes == [LAST_ALONE] and {one.rate for one in found.trajectories} == {20}


def table(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    pq.write_table(change(pq.read_table(path)), path)


def column(name: str, values: Any) -> Callable[[pa.Table], pa.Table]:
    return lambda old: old.set_column(old.column_names.index(name), name, pa.array(values))


def spread(path: Path) -> None:
    """Moves its last two episodes into a second file, of steps and of episodes."""
    episodes = pq.read_table(path / "meta/episodes" / FIRST)
    cut = episodes["dataset_from_index"].to_pylist()[-2]
    steps = pq.read_table(path / "data" / FIRST)
    pq.write_table(steps.slice(0, cut), path / "data" / FIRST)
    pq.write_table(steps.slice(cut), path / "data" / SECOND)
    pq.write_table(episodes.slice(0, len(episodes) - 2), path / "meta/episodes" / FIRST)
    moved = column("data/file_index", [1, 1])(episodes.slice(len(episodes) - 2))
    pq.write_table(moved, path / "meta/episodes" / SECOND)


def test_many_episodes_in_many_files_are_learned_from_and_listed(tmp_path: Path) -> None:
    path = written(tmp_path, CARTPOLE)
    spread(path)
    found = files.read(path, Task(CARTPOLE))
    for i, one in enumerate(found.trajectories):
        same(one, driven(CARTPOLE, i, 20 + i))
    said = [one for one in Dataset(str(path), CARTPOLE).start() if isinstance(one, Demonstration)]
    assert sorted(len(one.action) for one in said) == [19, 20, 21, 22]
    listed = cli("demos", "list", path, "--json")
    assert [row["length"] for row in json.loads(listed.stdout)] == [19, 20, 21, 22], listed.stderr


def test_what_is_not_numbers_is_left_out_and_said(tmp_path: Path) -> None:
    path = written(tmp_path)
    video = {"dtype": "video", "shape": [48, 64, 3], "names": None}
    change_info(path, lambda info: info["features"].update({"observation.images.top": video}))
    change_info(path, lambda info: info["features"].pop("next.reward") and info.update(total_tasks=2))
    found = files.read(path)
    assert not found.trajectories[0].reward.any()
    assert found.notes == [
        LAST_ALONE,
        "has no next.reward: rewards are zeros here",
        "left out: observation.images.top (video)",
        "has 2 tasks, whose sentences are left out: they count as one",
    ]


def test_without_actions_states_alone_are_learned_from(tmp_path: Path) -> None:
    path = written(tmp_path)
    change_info(path, lambda info: info["features"].pop("action"))
    assert files.read(path, Task(PENDULUM), actions=False).trajectories[0].action.shape == (19, 0)
    with pytest.raises(Refusal, match=r"has no action: only gail.yaml and dac.yaml learn from states alone"):
        files.read(path, Task(PENDULUM))


def change_info(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    info = json.loads((path / "meta/info.json").read_text())
    change(info)
    (path / "meta/info.json").write_text(json.dumps(info))


def of_info(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    return lambda path: change_info(path, change)


def of_steps(name: str, change: Callable[[list[Any]], Any], file: str = f"data/{FIRST}") -> Callable[[Path], None]:
    def made(path: Path) -> None:
        values = pq.read_table(path / file)[name].to_pylist()
        table(path / file, column(name, change(values)))

    return made


def put(index: int, value: Any) -> Callable[[list[Any]], list[Any]]:
    return lambda values: [*values[:index], value, *values[index + 1 :]]


def only_pictures(info: dict[str, Any]) -> None:
    info["features"]["observation.images.top"] = {**info["features"].pop("observation.state"), "dtype": "video"}


ODD = [
    (
        of_info(lambda info: info.update(codebase_version="v2.1")),
        "is of LeRobot's layout v2.1: convert it to v3.0 with",
    ),
    (of_info(lambda info: info.update(codebase_version="v4.0")), "is of LeRobot's layout v4.0; v3.0 is read"),
    (of_info(lambda info: info.pop("fps")), "meta/info.json has no fps"),
    (of_info(lambda info: info.update(fps=0)), "meta/info.json has fps 0"),
    (of_info(lambda info: info.update(data_path="/etc/{chunk_index}")), "meta/info.json has the data_path '/etc/"),
    (
        of_info(lambda info: info.update(total_episodes=5)),
        "meta/info.json counts 5 episodes, but meta/episodes has not",
    ),
    (of_info(only_pictures), "has no observation.state, the numbers to learn from; pictures are not read: observation"),
    (
        of_info(lambda info: info["features"]["action"].update(shape=[2])),
        f"data/{FIRST}: a row of action has 1 number, meta/info.json says 2",
    ),
    (
        of_info(lambda info: info["features"]["observation.state"].update(shape=[2, 2])),
        "observation.state has shape [2, 2] in meta/info.json: only rows of numbers are read",
    ),
    (
        of_steps("observation.state", put(3, [1.0])),
        f"data/{FIRST}: a row of observation.state has 1 numbers, meta/info.json says 3",
    ),
    (of_steps("observation.state", put(3, [1.0, None, 1.0])), f"data/{FIRST}: observation.state has rows without a"),
    (of_steps("action", lambda values: ["up"] * len(values)), f"data/{FIRST}: action is string, not numbers"),
    (of_steps("observation.state", put(25, [np.nan, 0.0, 0.0])), "episode 1, step 5: the observation is not finite"),
    (of_steps("next.done", put(25, True)), "episode 1, step 5: it ends here, but has more steps"),
    (of_steps("episode_index", put(25, 0)), "episode 1, step 5: in its place is step 5 of episode 0"),
    (of_steps("frame_index", put(25, 6)), "episode 1, step 5: in its place is step 6 of episode 1"),
    (lambda path: table(path / "data" / FIRST, lambda old: old.slice(0, 80)), "its files have 80 steps, but its epis"),
    (lambda path: table(path / "data" / FIRST, lambda old: old.drop(["action"])), f"data/{FIRST} has no column"),
    (of_steps("length", put(1, 0), f"meta/episodes/{FIRST}"), "meta/episodes has episode 1 without a step"),
    (lambda path: (path / "data" / FIRST).unlink(), f"data/{FIRST} is missing: copy the whole dataset"),
    (lambda path: (path / "meta/episodes" / FIRST).unlink(), f"has no meta/episodes/{FIRST}: copy the whole dataset"),
    (lambda path: (path / "data" / FIRST).write_bytes(b"PAR1"), f"data/{FIRST} cannot be read: "),
    (lambda path: (path / "meta/info.json").write_text("{"), "meta/info.json cannot be read: "),
]


@pytest.mark.parametrize(("change", "sentence"), ODD)
def test_what_is_odd_is_refused_in_one_sentence(change: Any, sentence: str, tmp_path: Path) -> None:
    path = written(tmp_path)
    change(path)
    with pytest.raises(Refusal) as refused:
        files.read(path)
    assert str(refused.value).startswith(f"{path}: {sentence}")


def test_a_small_file_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    many = pa.table({name: pa.array(np.zeros(10_000_000, np.int64)) for name in ("episode_index", "frame_index")})
    pq.write_table(many, path / "data" / FIRST)
    with pytest.raises(Refusal, match=rf"data/{FIRST}: unpacks to 160000000 bytes, \d+ are read at most"):
        files.read(path)


@pytest.mark.slow
def test_an_altered_or_cut_file_of_ours_is_refused_or_read_as_it_was(tmp_path: Path) -> None:
    path, chance = written(tmp_path, CARTPOLE, 2), random.Random(0)
    file = path / "data" / FIRST
    whole, refused = file.read_bytes(), 0
    for at in chance.sample(range(len(whole)), 150):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]):
            file.write_bytes(damaged)
            try:
                found = files.read(path)
            except Refusal:
                refused += 1
            else:
                for i, one in enumerate(found.trajectories):
                    same(one, driven(CARTPOLE, i, 20 + i))
    assert refused >= 150


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not LEROBOT, reason="LEROBOT_PYTHON names no Python that has lerobot")
def test_what_lerobot_wrote_is_read_and_it_reads_what_we_write(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    state, action = draw.normal(size=(6, 10, 4)).astype(np.float32), draw.normal(size=(6, 10, 2)).astype(np.float32)
    reward = draw.normal(size=(6, 10)).astype(np.float32)
    np.savez(tmp_path / "shown.npz", state=state, action=action, reward=reward)
    by_lerobot("write", tmp_path / "shown.npz", tmp_path / "theirs")
    assert len(list((tmp_path / "theirs/data").rglob("*.parquet"))) == 4
    theirs = files.read(tmp_path / "theirs")
    both = np.concatenate([state, 2 * state[..., :1]], axis=2)
    for number, one in enumerate(theirs.trajectories):
        observation = np.concatenate([both[number], both[number, :1]])
        same(one, Trajectory(observation, action[number], reward[number], False, True))
    assert "left out: observation.images.top (image)" in theirs.notes
    by_lerobot("look", written(tmp_path), tmp_path / "found.npz")
    found, shown = np.load(tmp_path / "found.npz"), [driven(PENDULUM, i, 20 + i) for i in range(4)]
    assert np.array_equal(found["observation.state"], np.concatenate([one.observation[:-1] for one in shown]))
    assert np.array_equal(found["action"].reshape(-1, 1), np.concatenate([one.action for one in shown]))
    assert found["episode"].tolist() == [i for i, one in enumerate(shown) for _ in one.action]


def by_lerobot(*words: object) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(LEROBOT), made_by_lerobot.__file__, *map(str, words)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
