"""Demonstrations in files of all kinds: nothing that a format holds is changed, and what does not fit is refused."""

import json
import resource
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import h5py
import minari
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from minari.data_collector.episode_buffer import EpisodeBuffer

from tests.parts.disks import disk_steps
from tests.parts.episodes import driven, record, take, trajectories
from tutelage.input.problems import Refusal
from tutelage.recording.format import BEGINNING
from tutelage.tasks.task import Task
from tutelage.teaching.formats import files, recording
from tutelage.teaching.formats.columns import joined
from tutelage.teaching.formats.trajectory import Demonstrations, Trajectory

CARTPOLE, PENDULUM = "CartPole-v1", "Pendulum-v1"
slowly = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    return tmp_path / "datasets"


def fresh(folder: Path, name: str) -> Path:
    return folder / f"{len(list(folder.iterdir()))}-{name}"


def same(one: Trajectory, other: Trajectory) -> None:
    for name, a, b in zip(Trajectory._fields, one, other, strict=True):
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
            assert a.dtype == b.dtype and a.tobytes() == b.tobytes() and a.shape == b.shape, name
        else:
            assert type(a) is type(b) and a == b, name


def all_same(some: list[Trajectory], others: list[Trajectory]) -> None:
    for one, other in zip(some, others, strict=True):
        same(one, other)


@pytest.mark.parametrize(("to", "name"), [("npz", "demos.npz"), ("minari", "demos-v0"), ("minari-arrow", "demos-v0")])
@slowly
@given(shown=trajectories())
def test_a_round_trip_changes_nothing(to: str, name: str, shown: list[Trajectory], tmp_path: Path) -> None:
    path, _ = files.write(str(fresh(tmp_path, name)), Demonstrations(shown), to)
    found = files.read(path)
    all_same(found.trajectories, shown)
    assert found.notes == []


@pytest.mark.parametrize("data_format", ["hdf5", "arrow"])
def test_what_minari_wrote_is_read_byte_by_byte(data_format: str, tmp_path: Path) -> None:
    shown = [driven(PENDULUM, i) for i in range(3)]
    rows = [np.arange(len(one.action)) == len(one.action) - 1 for one in shown]
    buffers = [
        EpisodeBuffer(None, 5, None, one.observation, one.action, one.reward, last & False, last)
        for one, last in zip(shown, rows, strict=True)
    ]
    with pytest.warns(UserWarning, match="is set to None"):
        theirs = minari.create_dataset_from_buffers("pendulum/human-v0", buffers, env=PENDULUM, data_format=data_format)
    for place in ("pendulum/human-v0", tmp_path / "datasets/pendulum/human-v0"):
        ours = files.read(place, Task(PENDULUM))
        assert ours.env == PENDULUM and [one.seed for one in ours.trajectories] == [5, 5, 5]
        for one, their in zip(ours.trajectories, theirs, strict=True):
            for a, b in (
                (one.observation, their.observations),
                (one.action, their.actions),
                (one.reward, their.rewards),
            ):
                assert a.dtype == b.dtype and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("to", ["minari", "minari-arrow"])
def test_minari_reads_what_we_write_and_recovers_the_environment(to: str) -> None:
    env = {"id": PENDULUM, "arguments": {"g": 5.0}}
    shown = [driven(PENDULUM, i) for i in range(2)]
    _, notes = files.write("pendulum/ours-v3", Demonstrations(shown, env), to)
    dataset = minari.load_dataset("pendulum/ours-v3")
    environment: Any = dataset.recover_environment()
    assert environment.unwrapped.g == 5.0 and environment.action_space == dataset.action_space
    assert dataset.total_steps == 400 and notes == []
    for one, their in zip(shown, dataset, strict=True):
        assert np.array_equal(their.observations, one.observation) and np.array_equal(their.actions, one.action)
        assert their.truncations.sum() == 1 and their.truncations[-1] and not their.terminations.any()
    assert files.read("pendulum/ours-v3").env == {**env, "wrappers": []}
    environment.close()


def test_an_environment_comes_back_with_its_wrappers_and_its_time_limit(tmp_path: Path) -> None:
    wrappers = ["gymnasium.wrappers.transform_observation:FlattenObservation"]
    env = {"id": CARTPOLE, "arguments": {"max_episode_steps": 70}, "wrappers": wrappers}
    _, notes = files.write(str(tmp_path / "a-v0"), Demonstrations([driven(CARTPOLE, 0, 70)], env), "minari")
    assert notes == [] and files.read(tmp_path / "a-v0").env == env
    mine = {"id": CARTPOLE, "wrappers": ["tests.parts.episodes:Mine"]}
    _, notes = files.write(str(tmp_path / "b-v0"), Demonstrations([driven(CARTPOLE, 0, 70)], mine), "minari")
    assert notes == ["recover_environment will not work: Mine is no RecordConstructorArgs"]


def test_a_dataset_whose_environment_is_not_known_says_so(tmp_path: Path) -> None:
    _, notes = files.write(str(tmp_path / "ours-v0"), Demonstrations([driven(CARTPOLE, 0, 20)]), "minari")
    assert notes == ["recover_environment will not work: no gymnasium environment is known"]


@pytest.mark.filterwarnings("ignore:.* is set to None:UserWarning", "ignore:env_spec is None:UserWarning")
def test_minari_datasets_that_are_no_episodes_of_flat_arrays_are_refused(datasets: Path) -> None:
    flags, flat = np.array([False, True, True]), np.zeros((4, 2), np.float32)
    box, choice = gymnasium.spaces.Box(-1, 1, (2,)), gymnasium.spaces.Discrete(2)
    for name, observation, space in (("flat-v0", flat, box), ("dict-v0", {"a": flat}, gymnasium.spaces.Dict(a=box))):
        one = EpisodeBuffer(None, None, None, observation, np.zeros(3, np.int64), np.zeros(3), flags, flags)
        minari.create_dataset_from_buffers(name, [one], observation_space=space, action_space=choice)
    with pytest.raises(Refusal, match=r"^flat-v0: episode 0, step 1: it ends here, but has more steps$"):
        files.read("flat-v0")
    with pytest.raises(Refusal, match=r"^dict-v0: episode 0, step 0: observations or actions are not flat arrays$"):
        files.read("dict-v0")
    (datasets / "flat-v0/data/main_data.hdf5").write_bytes(b"cut")
    with pytest.raises(Refusal, match=r"^flat-v0: cannot be read as a Minari dataset"):
        files.read("flat-v0")


def columns(shown: list[Trajectory]) -> dict[str, np.ndarray]:
    return {name: values for name, values in joined(shown).items() if not name.startswith("episode_")}


def save(path: Path, arrays: dict[str, Any]) -> None:
    np.savez(path, **arrays)


def test_an_npz_of_steps_alone_is_read(tmp_path: Path) -> None:
    shown = [driven(CARTPOLE, i, 30 + i) for i in range(3)]
    save(tmp_path / "steps.npz", columns(shown))
    bare = [one._replace(operator="", device="", seed=None) for one in shown]
    all_same(files.read(tmp_path / "steps.npz", Task(CARTPOLE)).trajectories, bare)


def test_without_a_true_last_observation_the_last_step_gives_its_observation(tmp_path: Path) -> None:
    one, steps = driven(CARTPOLE, 0, 30), columns([driven(CARTPOLE, 0, 30)])
    del steps["next_observations"]
    save(tmp_path / "steps.npz", {**steps, "goal": np.zeros(30)})
    found = files.read(tmp_path / "steps.npz")
    assert np.array_equal(found.trajectories[0].observation, one.observation[:-1])
    assert np.array_equal(found.trajectories[0].action, one.action[:-1])
    assert found.notes == [
        "has no next_observations: the last step of each episode gives only its observation, "
        "and the episode counts as truncated there",
        "left out: goal",
    ]


@pytest.mark.parametrize("flag", ["terminals", "truncations"])
def test_an_episode_whose_fall_is_not_there_has_not_fallen(flag: str, tmp_path: Path) -> None:
    """Else the observation before the fall would count as terminal."""
    steps = columns([driven(CARTPOLE, i, 30) for i in range(2)])
    del steps["next_observations"]
    steps["truncations"][29] = steps["terminals"][29] = False
    steps[flag][29] = True
    save(tmp_path / "steps.npz", steps)
    found = files.read(tmp_path / "steps.npz").trajectories
    assert [(one.terminated, one.truncated) for one in found] == [(False, True)] * 2
    robomimic(tmp_path / "demos.hdf5", [found[0]._replace(terminated=True, truncated=False)], ("next_obs",))
    (one,) = files.read(tmp_path / "demos.hdf5").trajectories
    assert (one.terminated, one.truncated) == (False, True)


def test_an_episode_without_a_step_moves_no_seed_to_another(tmp_path: Path) -> None:
    steps = joined([driven(CARTPOLE, i, 20, f"operator {i}") for i in range(2)])
    for name in [name for name in steps if name.startswith("episode_")]:
        steps[name] = np.insert(steps[name], 1, 0)
    save(tmp_path / "steps.npz", steps)
    found = files.read(tmp_path / "steps.npz")
    assert [(one.number, one.seed, one.operator) for one in found.trajectories] == [
        (0, 0, "operator 0"),
        (2, 1, "operator 1"),
    ]
    assert found.notes == ["left out, since they have no step: 1"]


def test_what_is_of_different_tasks_is_not_merged() -> None:
    one, other, third = (Demonstrations([driven(env, 0, 5)], env) for env in (CARTPOLE, PENDULUM, CARTPOLE))
    written = third._replace(env={"id": CARTPOLE, "arguments": {}, "wrappers": []})
    found = files.merged([one, third, written, third._replace(env=None), Demonstrations([driven(CARTPOLE, 1, 5)] * 2)])
    assert [shown.number for shown in found.trajectories] == [0, 1, 2]
    assert found.notes == ["3 episodes are in more than one of the files, and taken once"]
    with pytest.raises(Refusal, match=r"different environments \(CartPole-v1 and Pendulum-v1\)"):
        files.merged([one, other])
    with pytest.raises(Refusal, match=r"different observations \(\[3\] and \[4\]\)"):
        files.merged([one, other._replace(env=None)])
    shown = one.trajectories[0]
    continuous = one._replace(trajectories=[shown._replace(action=shown.action.astype(np.float32))])
    with pytest.raises(Refusal, match="different actions"):
        files.merged([one, continuous])


def test_a_take_that_two_recordings_have_is_one(tmp_path: Path) -> None:
    """As where `bag record` wrote beside the run's own recorder, and missed the last verdict."""
    shown = [take(CARTPOLE, driven(CARTPOLE, i, 5)) for i in range(3)]
    record(tmp_path / "recording.mcap", [*shown, take(CARTPOLE, driven(CARTPOLE, 1, 5), "discarded")])
    record(tmp_path / "again.mcap", shown)
    verdicts = [(one.number, one.verdict) for one in files.read(tmp_path, Task(CARTPOLE)).trajectories]
    assert verdicts == [(0, "kept"), (1, "discarded"), (2, "kept")]
    files.judge(str(tmp_path / "again.mcap"), 2, "kept")
    files.judge(str(tmp_path), 2, "discarded")
    files.judge(str(tmp_path), 1, "kept")
    assert [one.number for one in files.kept(files.read(tmp_path, Task(CARTPOLE)))] == [0, 1]
    record(tmp_path / "other.mcap", shown, run="another")
    assert len(files.read(tmp_path, Task(CARTPOLE)).trajectories) == 6
    with pytest.raises(Refusal, match="has 2 takes 2, name one recording of them"):
        files.judge(str(tmp_path), 2, "kept")


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="files cannot be bounded here")
def test_a_verdict_that_cannot_be_written_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    record(tmp_path / "recording.mcap", [take(CARTPOLE, driven(CARTPOLE, 0, 5))])
    files.judge(str(tmp_path), 0, "discarded")
    before = (tmp_path / "verdicts.jsonl").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, limits[1]))
    try:
        with pytest.raises(Refusal, match=r"verdicts\.jsonl"):
            files.judge(str(tmp_path), 0, "kept")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "verdicts.jsonl").read_bytes() == before


def test_a_verdict_and_the_name_of_its_file_are_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(tmp_path / "recording.mcap", [take(CARTPOLE, driven(CARTPOLE, 0, 5))])
    done = disk_steps(tmp_path, monkeypatch)
    files.judge(str(tmp_path), 0, "discarded")
    assert done == ["file", "folder"]


def test_next_observations_that_are_not_the_following_are_told(tmp_path: Path) -> None:
    steps = columns([driven(CARTPOLE, 0, 30)])
    steps["next_observations"][7] += 1
    save(tmp_path / "steps.npz", steps)
    (note,) = files.read(tmp_path / "steps.npz").notes
    assert note.startswith("episode 0, step 7: its next_observation is not the observation of step 8")


@pytest.mark.parametrize("name", ["d4rl.hdf5", "d4rl.h5"])
def test_d4rl_is_read(name: str, tmp_path: Path) -> None:
    shown = [driven(PENDULUM, i)._replace(operator="", device="", seed=None) for i in range(2)]
    steps = columns(shown)
    steps["timeouts"] = steps.pop("truncations")
    with h5py.File(tmp_path / name, "w") as file:
        for key, values in steps.items():
            file[key] = values
        file["infos/qpos"] = np.zeros(400)
    found = files.read(tmp_path / name, Task(PENDULUM))
    all_same(found.trajectories, shown)
    assert found.notes == ["left out: infos"]


def robomimic(path: Path, shown: list[Trajectory], without: tuple[str, ...] = ()) -> None:
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        data.attrs["env_args"] = json.dumps({"env_name": PENDULUM, "type": 2, "env_kwargs": {"g": 9.0}})
        for i, one in reversed(list(enumerate(shown))):
            demo = data.create_group(f"demo_{i}")
            for group, rows in (("obs", one.observation[:-1]), ("next_obs", one.observation[1:])):
                if group not in without:
                    demo[f"{group}/angle"], demo[f"{group}/speed"] = rows[:, :2], rows[:, 2]
                    demo[f"{group}/camera"] = np.zeros((len(rows), 4, 4, 3), np.uint8)
            ends = (np.arange(len(one.action)) == len(one.action) - 1) & one.terminated
            for key, values in (("actions", one.action), ("rewards", one.reward), ("dones", ends.astype(np.int64))):
                if key not in without:
                    demo[key] = values


def test_robomimic_is_read(tmp_path: Path) -> None:
    shown = [driven(PENDULUM, i, 10 + i)._replace(operator="", device="", seed=None) for i in range(12)]
    shown[3] = shown[3]._replace(terminated=True, truncated=False)
    robomimic(tmp_path / "demos.hdf5", shown)
    found = files.read(tmp_path / "demos.hdf5")
    all_same(found.trajectories, shown)
    assert found.env == {"id": PENDULUM, "arguments": {"g": 9.0}}
    assert found.notes[:2] == ["an observation is angle, speed, one after the other", "left out: camera"]


def test_what_robomimic_lacks_is_told(tmp_path: Path) -> None:
    one = driven(PENDULUM, 0, 10)
    robomimic(tmp_path / "demos.hdf5", [one], ("next_obs", "rewards", "dones"))
    found = files.read(tmp_path / "demos.hdf5")
    assert np.array_equal(found.trajectories[0].observation, one.observation[:-1])
    assert found.trajectories[0].truncated and not found.trajectories[0].reward.any()
    assert [note.partition(":")[0] for note in found.notes[2:]] == ["has no next_obs", "has no rewards", "has no dones"]


def test_raw_robomimic_needs_its_own_step_first(tmp_path: Path) -> None:
    robomimic(tmp_path / "demos.hdf5", [driven(PENDULUM, 0, 10)], ("obs", "next_obs"))
    with pytest.raises(Refusal, match=r"demos.hdf5: episode 0, step 0: has no obs, only states"):
        files.read(tmp_path / "demos.hdf5")


@pytest.mark.parametrize("wrong", ["actions", "rewards", "names"])
def test_robomimic_of_other_shapes_is_refused(wrong: str, tmp_path: Path) -> None:
    robomimic(tmp_path / "demos.hdf5", [driven(PENDULUM, 0, 10)])
    with h5py.File(tmp_path / "demos.hdf5", "a") as file:
        if wrong == "names":
            file.move("data/demo_0", "data/demo_first")
        else:
            del file[f"data/demo_0/{wrong}"]
            file[f"data/demo_0/{wrong}"] = np.float32(1) if wrong == "actions" else np.zeros((10, 2), np.float32)
    with pytest.raises(Refusal, match=r"demos.hdf5: (cannot be read as HDF5|episode 0, step 0: a reward has shape)"):
        files.read(tmp_path / "demos.hdf5", Task(PENDULUM))


@pytest.mark.parametrize("env", [CARTPOLE, PENDULUM])
def test_lerobot_has_its_layout(env: str, tmp_path: Path) -> None:
    shown = [driven(env, i, 20 + i) for i in range(3)]
    path, notes = files.write(str(tmp_path / "out"), Demonstrations(shown, env), "lerobot", "hold it up", 50)
    info = json.loads((path / "meta/info.json").read_text())
    assert (info["codebase_version"], info["fps"], info["total_episodes"], info["total_frames"]) == ("v3.0", 50, 3, 63)
    steps = pq.read_table(path / info["data_path"].format(chunk_index=0, file_index=0))
    assert set(steps.column_names) == set(info["features"])
    assert np.array_equal(
        steps["observation.state"].to_pylist(), np.concatenate([one.observation[:-1] for one in shown])
    )
    assert np.array_equal(steps["action"].to_pylist(), np.concatenate([one.action for one in shown]).squeeze())
    assert steps["frame_index"].to_pylist() == [*range(20), *range(21), *range(22)]
    episodes = pq.read_table(path / "meta/episodes/chunk-000/file-000.parquet")
    assert episodes["dataset_from_index"].to_pylist() == [0, 20, 41] and episodes["length"].to_pylist() == [20, 21, 22]
    assert pq.read_table(path / "meta/tasks.parquet")["task"].to_pylist() == ["hold it up"]
    stats = json.loads((path / "meta/stats.json").read_text())
    assert stats["next.reward"]["mean"] == [pytest.approx(np.concatenate([one.reward for one in shown]).mean(), 1e-6)]
    assert any("last observation" in note for note in notes)


def test_lerobot_takes_the_rate_that_was_measured(tmp_path: Path) -> None:
    record(tmp_path / "recording.mcap", [take(CARTPOLE, driven(CARTPOLE, 0, 20))])
    path, _ = files.write(str(tmp_path / "out"), files.read(tmp_path, Task(CARTPOLE)), "lerobot")
    assert json.loads((path / "meta/info.json").read_text())["fps"] == 50
    with pytest.raises(Refusal, match="give it with --fps"):
        files.write(str(tmp_path / "other"), Demonstrations([driven(CARTPOLE, 0, 20)]), "lerobot")


@pytest.mark.parametrize("env", [CARTPOLE, PENDULUM])
def test_a_recording_is_read_with_its_last_verdicts(env: str, tmp_path: Path) -> None:
    shown = [driven(env, i, 20) for i in range(4)]
    said = [take(env, one) for one in shown] + [take(env, shown[1], "discarded")]
    record(tmp_path / "recording.mcap", said)
    before = (tmp_path / "recording.mcap").read_bytes()
    files.judge(str(tmp_path), 2, "discarded")
    files.judge(str(tmp_path), 1, "kept")
    found = files.read(tmp_path, Task(env))
    assert [one.number for one in files.kept(found)] == [0, 1, 3]
    for one, other in zip(found.trajectories, shown, strict=True):
        assert np.array_equal(one.observation, other.observation) and one.seed == other.number and one.rate == 50
        np.testing.assert_allclose(one.action, other.action, atol=1e-6)
    assert (tmp_path / "recording.mcap").read_bytes() == before
    with pytest.raises(Refusal, match="has no take 9"):
        files.judge(str(tmp_path), 9, "kept")
    with pytest.raises(Refusal, match="is not a recording"):
        files.judge(str(tmp_path / "a.npz"), 0, "kept")
    with (tmp_path / "verdicts.jsonl").open("a") as file:
        file.write('{"take": 3, "verd')
    with pytest.raises(Refusal, match=r"verdicts.jsonl, line 3 cannot be read"):
        files.read(tmp_path, Task(env))


def put(name: str, index: int, value: float) -> Callable[[dict[str, np.ndarray]], None]:
    def change(steps: dict[str, np.ndarray]) -> None:
        steps[name][index] = value

    return change


def widen(steps: dict[str, np.ndarray]) -> None:
    for name in ("observations", "next_observations"):
        steps[name] = np.repeat(steps[name], 2, axis=1)


def cast(name: str, dtype: Any) -> Callable[[dict[str, np.ndarray]], None]:
    def change(steps: dict[str, np.ndarray]) -> None:
        steps[name] = steps[name].astype(dtype)

    return change


WRONG = [
    (widen, "episode 0, step 0: an observation has shape [8], the task's [4]"),
    (cast("actions", np.float32), "episode 0, step 0: an action is float32 [], the task takes a discrete action"),
    (put("observations", 25, np.nan), "episode 1, step 5: the observation is not finite"),
    (put("next_observations", 39, np.inf), "episode 1, step 20: the observation is not finite"),
    (put("rewards", 21, np.nan), "episode 1, step 1: the reward is not finite"),
    (put("actions", 42, 2), "episode 2, step 2: action 2 is not one of the task's 2"),
    (put("truncations", 59, False), "episode 2, step 19: is the last, but neither terminated nor truncated"),
    (cast("observations", "U9"), "episode 0, step 0: the observation is <U32, not numbers"),
    (lambda steps: steps.pop("rewards"), "has no rewards"),
    (lambda steps: steps.update(rewards=np.zeros(3)), "has 3 rewards, but 60 actions"),
    (lambda steps: steps.update(rewards=np.zeros((60, 2))), "has rewards of shape [60, 2], not one number a step"),
    (lambda steps: steps.update(terminals=np.zeros((60, 2), bool)), "has terminals of shape [60, 2]"),
    (lambda steps: steps.update(actions=np.array(1)), "has actions that are one value, not a row each"),
    (lambda steps: steps.update(episode_seeds=np.array(1)), "has episode_seeds that are one value, not a row each"),
    (lambda steps: steps.update(episode_lengths=np.array([60.5])), "has episode_lengths that are not numbers of steps"),
    (lambda steps: steps.update(episode_lengths=np.array([-1])), "has episode_lengths that are not numbers of steps"),
    (lambda steps: steps.update(env_id=CARTPOLE, env_kwargs="{no"), "env_kwargs cannot be read as JSON"),
    (
        lambda steps: steps.update(env_id=CARTPOLE, env_kwargs="[1]"),
        "env_kwargs must name the environment's arguments",
    ),
    (
        lambda steps: steps.update(episode_lengths=np.array([20, 40])),
        "episode 1, step 19: it ends here, but has more steps",
    ),
    (lambda steps: steps.update(episode_lengths=np.array([20, 20, 21])), "episode 2, step 60: is not there"),
]


@pytest.mark.parametrize(("change", "sentence"), WRONG)
def test_what_does_not_fit_is_refused_with_file_episode_and_step(change: Any, sentence: str, tmp_path: Path) -> None:
    steps = columns([driven(CARTPOLE, i, 20) for i in range(3)])
    change(steps)
    save(tmp_path / "wrong.npz", steps)
    with pytest.raises(Refusal) as refused:
        files.read(tmp_path / "wrong.npz", Task(CARTPOLE))
    assert str(refused.value).startswith(f"{tmp_path / 'wrong.npz'}: {sentence}")


def test_continuous_actions_of_another_width_are_refused(tmp_path: Path) -> None:
    one = driven(PENDULUM, 0, 10)
    path, _ = files.write(
        str(tmp_path / "a.npz"), Demonstrations([one._replace(action=one.action.repeat(2, 1))]), "npz"
    )
    with pytest.raises(Refusal, match=r"an action is float32 \[2\], the task takes 1 continuous numbers"):
        files.read(path, Task(PENDULUM))


def test_unfinished_episodes_are_left_out_when_asked(tmp_path: Path) -> None:
    steps = columns([driven(CARTPOLE, i, 20) for i in range(3)])
    steps["truncations"][59] = False
    save(tmp_path / "a.npz", steps)
    found = files.read(tmp_path / "a.npz", leave_out_unfinished=True)
    assert len(found.trajectories) == 2 and found.notes == ["left out, since unfinished: 2"]


@pytest.mark.parametrize(
    ("name", "content"), [("a.npz", b"no zip"), ("a.hdf5", b"no hdf5"), ("a.mcap", b"no mcap"), ("a.txt", b"")]
)
def test_what_is_no_such_file_is_refused_in_one_sentence(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Refusal, match=rf"^\S+/{name}: (cannot be read|holds no demonstrations)"):
        files.read(tmp_path / name)


def test_of_a_run_that_was_not_recorded_it_is_said_how_to_record_it(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(Refusal, match=rf"^{tmp_path}: this run was not recorded, .* again with record:=true"):
        files.read(tmp_path)


def test_a_cut_npz_is_refused_at_every_byte(tmp_path: Path) -> None:
    path, _ = files.write(str(tmp_path / "a.npz"), Demonstrations([driven(CARTPOLE, 0, 3)]), "npz")
    whole = path.read_bytes()
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        with pytest.raises(Refusal, match="cannot be read as npz"):
            files.read(path)


def test_a_minari_dataset_is_written_into_a_folder_beside_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = [driven(CARTPOLE, 0, 5)]
    files.write("./beside/a-v0", Demonstrations(shown, CARTPOLE), "minari")
    all_same(files.read("./beside/a-v0").trajectories, shown)


def test_a_file_of_another_task_says_which_to_name(tmp_path: Path) -> None:
    path, _ = files.write(str(tmp_path / "a.npz"), Demonstrations([driven(CARTPOLE, 0, 5)], CARTPOLE), "npz")
    with pytest.raises(Refusal, match=r"it says that it is of CartPole-v1: add env:=CartPole-v1$"):
        files.read(path, Task("Pendulum-v1"))


def test_nothing_is_overwritten_and_nothing_half_is_left(tmp_path: Path) -> None:
    shown = Demonstrations([driven(CARTPOLE, 0, 5)], "NoSuch-v1")
    with pytest.raises(Refusal, match="cannot be made"):
        files.write(str(tmp_path / "a-v0"), shown, "minari")
    with pytest.raises(Refusal, match="is not a Minari dataset's name"):
        files.write(str(tmp_path / "a"), shown, "minari")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.npz").write_text("mine")
    with pytest.raises(Refusal, match="is there already"):
        files.write(str(tmp_path / "a.npz"), shown, "npz")
    with pytest.raises(Refusal, match="there is no episode to write"):
        files.write(str(tmp_path / "b.npz"), Demonstrations([]), "npz")
    for folder in (".", "/"):
        with pytest.raises(Refusal, match="is there already"):
            files.write(folder, shown, "npz")
    assert (tmp_path / "a.npz").read_text() == "mine" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("env", [CARTPOLE, None])
@pytest.mark.parametrize("to", ["lerobot", "minari", "minari-arrow"])
def test_episodes_without_actions_are_written_as_npz_alone(to: str, env: str | None, tmp_path: Path) -> None:
    one = driven(CARTPOLE, 0, 5)
    shown = Demonstrations([one._replace(action=np.zeros((5, 0), np.float32))], env)
    with pytest.raises(Refusal, match=f"{to} does not hold episodes without actions: write them with --to npz"):
        files.write(str(tmp_path / "a-v0"), shown, to, fps=50)
    path, _ = files.write(str(tmp_path / "a.npz"), shown, "npz")
    same(files.read(path).trajectories[0], shown.trajectories[0])


@pytest.mark.parametrize(
    ("module", "to", "name", "install"),
    [("minari", "minari", "./a-v0", "minari"), ("pyarrow", "lerobot", "a", "lerobot")],
)
def test_a_missing_extra_is_named_with_its_command(
    module: str, to: str, name: str, install: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for loaded in [one for one in sys.modules if one.partition(".")[0] == module]:
        monkeypatch.setitem(sys.modules, loaded, None)  # what Python takes for not there
    with pytest.raises(
        Refusal,
        match=rf"^{module}: cannot be imported .*: pip install -c constraints.txt -e '.\[{install}\]' \(in the clone\)$",
    ):
        files.write(name, Demonstrations([driven(CARTPOLE, 0, 5)]), to, fps=50)


def test_whatever_byte_of_a_recordings_beginning_is_altered_its_takes_are_there(tmp_path: Path) -> None:
    path, task = tmp_path / "recording.mcap", Task(CARTPOLE)
    record(path, [take(CARTPOLE, driven(CARTPOLE, i, 5)) for i in range(2)])
    whole = path.read_bytes()
    for at in range(whole.index(struct.pack("<I4s", 4, b"zstd")) - 37):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        found = files.read(path, task)
        assert [one.number for one in found.trajectories] == [0, 1]
        told, known = any("cannot be read" in note for note in found.notes), found.trajectories[0].when is not None
        assert known if at < len(BEGINNING) else told != known


def test_a_pause_of_the_person_makes_no_slower_rate():
    steady = np.arange(20) * 20_000_000
    assert recording._rate(steady) == 50.0
    assert recording._rate(np.concatenate([steady[:10], steady[10:] + 5_000_000_000])) == 50.0
    assert recording._rate(steady[:1]) is None and recording._rate(steady[:0]) is None
