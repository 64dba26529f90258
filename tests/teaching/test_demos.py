"""`cli.py demos` as a person uses it, and learning from what it lists."""

import json
import shutil
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import minari
import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.parts.episodes import driven, record, take
from tests.parts.run_cli import CLI, cli, finished
from tutelage import launcher as launching
from tutelage.graph import Graph, NodePlan
from tutelage.input.problems import Refusal
from tutelage.launchfiles.search import LAUNCH_FOLDER
from tutelage.learning import gail
from tutelage.messages import Demonstration
from tutelage.nodes.dataset import Dataset
from tutelage.nodes.demonstrator import Demonstrator
from tutelage.tasks.task import Task
from tutelage.teaching.demos.plot import sparkline
from tutelage.teaching.formats import files
from tutelage.teaching.formats.trajectory import Demonstrations, Trajectory

CARTPOLE = "CartPole-v1"


@pytest.fixture(scope="module", autouse=True)
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Minari's own folder, not the one of whoever runs this."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINARI_DATASETS_PATH", str(tmp_path_factory.mktemp("minari")))
        yield


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """A run's folder: a person has kept three episodes and discarded one."""
    takes = [take(CARTPOLE, driven(CARTPOLE, i, steps)) for i, steps in enumerate((500, 30, 500, 500))]
    takes.append(take(CARTPOLE, driven(CARTPOLE, 1, 30), "discarded"))
    folder = tmp_path / "session"
    folder.mkdir()
    record(folder / "recording.mcap", takes)
    return folder


def demos(*words: object, cwd: Path | None = None, code: int = 0) -> str:
    done = cli("demos", *words, cwd=cwd)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stdout + done.stderr


def test_a_session_is_listed_judged_and_learned_from(session: Path, tmp_path: Path) -> None:
    listed = json.loads(demos("list", session, "--json"))
    assert [(row["episode"], row["episode_return"], row["length"], row["verdict"]) for row in listed] == [
        *[(0, 500, 500, "kept"), (1, 30, 30, "discarded"), (2, 500, 500, "kept"), (3, 500, 500, "kept")]
    ]
    assert {(row["operator"], row["device"]) for row in listed} == {("ann", "scripted")}
    assert all(abs(time.time() - datetime.fromisoformat(row["when"]).timestamp()) < 600 for row in listed)
    assert demos("discard", session, 2, 3) == "take 2 is discarded\ntake 3 is discarded\n"
    assert demos("keep", session, 3) == "take 3 is kept\n"
    table = demos("list", session).splitlines()
    assert table[0].split()[:2] == ["episode", "episode"] and [line.split()[4] for line in table[1:]] == [
        *["kept", "discarded", "discarded", "kept"]
    ]
    settings = ("demonstrations_count:=2", "epochs:=30", "episodes:=5")
    learned = finished(tmp_path, "bc.yaml", f"demonstrations:={session.name}", *settings)
    assert learned.report["demonstrations"] == 2 and learned.report["expert_return_mean"] == 500
    assert learned.report["return_mean"] > 100
    assert "the times at which each step" in (learned.run_dir / "logs/teleoperator.log").read_text()


def test_what_is_discarded_is_not_learned_from(session: Path) -> None:
    node = Dataset(str(session), CARTPOLE, count=3)
    said = [message for message in node.start() if isinstance(message, Demonstration)]
    assert [len(message.action) for message in said] == [500, 500, 500] and {m.operator for m in said} == {"ann"}
    with pytest.raises(Refusal, match="holds 3 episodes: 4 cannot be taken"):
        Dataset(str(session), CARTPOLE, count=4)


def test_a_pair_is_shown_of_an_episode_that_is_shorter_than_the_distance_of_its_pairs(tmp_path: Path) -> None:
    files.write(str(tmp_path / "a.npz"), Demonstrations([driven(CARTPOLE, i, 3) for i in range(20)], CARTPOLE), "npz")
    node = Dataset(str(tmp_path / "a.npz"), CARTPOLE, subsample=20)
    assert [len(one.action) for one in node.start() if isinstance(one, Demonstration)] == [1] * 20


def shown_by(node: Dataset | Demonstrator) -> list[Demonstration]:
    return [message for message in node.start() if isinstance(message, Demonstration)]


def test_files_and_operators_show_every_nth_pair_and_the_true_end(tmp_path: Path) -> None:
    file = str(tmp_path / "a.npz")
    files.write(file, Demonstrations([driven(CARTPOLE, i, 30) for i in range(20)], CARTPOLE), "npz")
    for whole, thin in (
        (shown_by(Dataset(file, CARTPOLE)), shown_by(Dataset(file, CARTPOLE, subsample=20))),
        (shown_by(Demonstrator(CARTPOLE, 20)), shown_by(Demonstrator(CARTPOLE, 20, subsample=20))),
    ):
        firsts = [
            np.flatnonzero((a.observation == b.observation[0]).all(axis=1))[0] for a, b in zip(whole, thin, strict=True)
        ]
        assert len(set(firsts)) > 5 and max(firsts) < 20, "each begins at a pair of its own"
        for a, b, first in zip(whole, thin, firsts, strict=True):
            kept = [*range(first, len(a.action), 20)]
            np.testing.assert_array_equal(b.observation, a.observation[[*kept, -1]])
            np.testing.assert_array_equal(b.action, a.action[kept])
            assert (b.terminated, b.truncated) == (a.terminated, a.truncated)


@pytest.mark.slow
def test_episodes_that_do_not_look_like_the_others_are_named(tmp_path: Path) -> None:
    """Two of ten are played at random; the discriminator has never seen a return."""
    task, spoilt = Task("CartPole-v1"), Demonstrations([], "CartPole-v1")
    for name, operator in (("good", "scripted"), ("bad", "tests.parts.at_random:action")):
        words = ("env:=CartPole-v1", f"operator:={operator}", f"episodes:={8 if name == 'good' else 2}")
        shown = finished(tmp_path / name, "record.yaml", *words).run_dir
        spoilt = files.merged([spoilt, files.read(shown, task)])
    files.write(str(tmp_path / "mixed.npz"), spoilt, "npz")
    few = (f"demonstrations:={tmp_path / 'mixed.npz'}", "budget:=32768", "episodes:=2")
    run = finished(tmp_path, "gail.yaml", *few).run_dir
    done = cli("demos", "list", run)
    assert "expert logit" in done.stdout.splitlines()[0] and len(done.stdout.splitlines()) == 12
    assert done.stdout.splitlines()[-1].startswith("episodes 8, 9 look less like the expert's than the others do")
    assert "expert logit" not in cli("demos", "list", tmp_path / "mixed.npz").stdout
    (run / "discriminator.safetensors").write_bytes(b"nothing")
    assert "cannot score these demonstrations" in cli("demos", "list", run).stderr


def test_of_what_was_learned_from_without_actions_each_episode_is_scored(tmp_path: Path) -> None:
    pytest.importorskip("mujoco")
    env = "Reacher-v5"
    spaces, draws = Task(env).spaces.without_bounds, np.random.default_rng(0)
    seen = [draws.normal(size=(6, spaces.observation)).astype(np.float32) for _ in range(3)]
    wordless, rewards = np.zeros((5, 0), np.float32), np.zeros(5, np.float32)
    one = [Trajectory(observation, wordless, rewards, False, True, i) for i, observation in enumerate(seen)]
    files.write(str(tmp_path / "states.npz"), Demonstrations(one, env), "npz")
    dataset = NodePlan("dataset", parameters={"env": env, "file": str(tmp_path / "states.npz")})
    (tmp_path / "graph.json").write_text(Graph("gail", [dataset]).to_json())
    settings = gail.OffPolicySettings(state_only=True)
    save_file(gail.Discriminator(spaces, 0, settings).tensors(), tmp_path / "discriminator.safetensors")
    rows = json.loads(demos("list", tmp_path, "--json"))
    assert len({row["expert_logit"] for row in rows}) == 3


def test_an_episode_is_shown_in_plain_text(session: Path) -> None:
    about, *lines = demos("show", session, 1).splitlines()
    assert "episode return 30.0, length 30, ended truncated, verdict discarded, operator ann" in about
    assert [line.split("  ")[0].strip() for line in lines] == [
        *(f"observation {i}" for i in range(4)),
        "action",
        "reward",
    ]
    assert lines[-2].endswith("0 to 1") and max(map(len, lines)) <= 80
    assert "has no episode 7: `python cli.py demos list`" in demos("show", session, 7, code=2)


def test_what_was_recorded_at_a_robot_is_read_by_its_file_or_by_what_is_told(tmp_path: Path) -> None:
    shown = [take("Pendulum-v1", one := driven("Pendulum-v1", 0, 30))]
    robot = shutil.copy(LAUNCH_FOLDER / "robots/pendulum_dynamixel.yaml", tmp_path)
    made = launching.graph("hardware.yaml", [f"policy:={tmp_path}", f"robot:={robot}", "operator:=keyboard"])
    record(tmp_path / "a.mcap", shown, graph=made.to_json())
    assert "--trust its robot's file" in demos("list", tmp_path / "a.mcap", code=2)
    (listed,) = json.loads(demos("list", tmp_path / "a.mcap", "--json", "--trust"))
    found = files.read(tmp_path / "a.mcap", trusted=True)
    assert listed["length"] == 30 and "Pendulum" in str(found.env)
    np.testing.assert_allclose(found.trajectories[0].action, one.action, atol=1e-6)
    Path(robot).unlink()
    for words in (("list", tmp_path / "a.mcap"), ("show", tmp_path / "a.mcap", 0)):
        assert "name the task (--env, env:=)" in demos(*words, code=2)
        assert "30" in demos(*words, "--env", "Pendulum-v1")


def test_a_sparkline_goes_from_the_lowest_block_to_the_highest() -> None:
    assert sparkline(np.arange(8), 80) == "▁▂▃▄▅▆▇█"
    assert sparkline(np.repeat([1.0, 0.0, 3.0], 100), 3) == "▃▁█"
    assert len(sparkline(np.zeros(1000), 20)) == 20


@pytest.mark.parametrize("env", [CARTPOLE, "Pendulum-v1"])
def test_replay_says_whether_the_same_returns_come(env: str, tmp_path: Path) -> None:
    one, other = driven(env, 0, 100), driven(env, 1, 100)
    wrong = other._replace(number=1, action=np.roll(other.action, 50, axis=0))
    files.write(str(tmp_path / "a.npz"), Demonstrations([one, wrong._replace(seed=3)], env), "npz")
    assert "the same as recorded at each of its 100 steps" in demos("replay", tmp_path / "a.npz", 0)
    assert "episode 1: return " in (said := demos("replay", tmp_path / "a.npz", 0, 1, code=1))
    assert "it differs from step" in said and "seed is not known" not in said


def test_replay_needs_to_know_the_environment_and_the_seed(tmp_path: Path) -> None:
    files.write(str(tmp_path / "a.npz"), Demonstrations([driven(CARTPOLE, 7)._replace(seed=None)]), "npz")
    assert "name it with --env" in demos("replay", tmp_path / "a.npz", code=2)
    assert "the episode's seed is not known" in demos("replay", tmp_path / "a.npz", "--env", CARTPOLE, code=1)
    assert "the same" in demos("replay", tmp_path / "a.npz", "--env", CARTPOLE, "--seed", 7)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # imageio leaves its decoder's pipes
def test_replay_renders_a_video(tmp_path: Path) -> None:
    files.write(str(tmp_path / "a.npz"), Demonstrations([driven(CARTPOLE, 0, 30)], CARTPOLE), "npz")
    demos("replay", tmp_path / "a.npz", "--render", tmp_path / "video.mp4")
    assert imageio.imread(tmp_path / "video.mp4").shape[0] == 30


def test_files_are_merged_exported_and_imported(session: Path, tmp_path: Path) -> None:
    files.write(str(tmp_path / "a.npz"), Demonstrations([driven(CARTPOLE, 9, 40)], CARTPOLE), "npz")
    assert "b.npz: 4 episodes, 1540 steps" in demos("merge", session, tmp_path / "a.npz", "-o", tmp_path / "b.npz")
    demos("export", tmp_path / "b.npz", "cartpole/all-v0", "--to", "minari")
    assert minari.load_dataset("cartpole/all-v0").total_steps == 1540
    demos("import", "cartpole/all-v0", "c.npz", "--env", CARTPOLE, cwd=tmp_path)
    with np.load(tmp_path / "b.npz") as b, np.load(tmp_path / "c.npz") as c:
        assert set(b) == set(c)
        for name in b:
            np.testing.assert_array_equal(b[name], c[name])
    demos("import", session, cwd=tmp_path)
    assert (tmp_path / "session.npz").exists()
    assert "an observation has shape [4], the task's [3]" in demos(
        "import", tmp_path / "b.npz", "d", "--env", "Pendulum-v1", code=2
    )


@pytest.mark.slow
def test_bc_learns_from_a_minari_id_and_says_what_is_wrong_with_a_place(tmp_path: Path) -> None:
    files.write("cartpole/few-v0", Demonstrations([driven(CARTPOLE, i) for i in range(2)], CARTPOLE), "minari-arrow")
    few = ("demonstrations_count:=2", "epochs:=2", "episodes:=1")
    assert finished(tmp_path, "bc.yaml", "demonstrations:=cartpole/few-v0", *few).report["demonstrations"] == 2
    done = cli("launch", "bc.yaml", "env:=Acrobot-v1", "demonstrations:=cartpole/few-v0", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.startswith(
        "cartpole/few-v0: episode 0, step 0: an observation has shape"
    )


def test_help_answers_at_once_without_what_is_heavy() -> None:
    program = (
        "import sys, cli; print(*(m for m in ('numpy', 'gymnasium', 'minari', 'h5py', 'pyarrow') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=CLI.parent, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == []
