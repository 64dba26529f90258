"""The door from Python: runs that a program starts, and the policies and messages that it takes from them."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

import tutelage
from tests.parts.waiting import until
from tests.tutelage.test_supervisor import write_graph
from tutelage.files import durable
from tutelage.launched import Launched
from tutelage.messages import Weights
from tutelage.nodes.policy import Policy

RECORDING = Path(__file__).parent / "recordings" / "gail.mcap"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tutelage.Run:
    folder = tmp_path_factory.mktemp("cloned") / "run"
    few = {"epochs": 2, "episodes": 3, "demonstrations_count": 2}
    return tutelage.launch("bc.yaml", env="Pendulum-v1", run_dir=folder, **few)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last weights of a recorded run of CartPole, in a file that is in no run's folder."""
    *_, last = tutelage.read(RECORDING, "weights")
    assert isinstance(last, Weights)
    file = tmp_path_factory.mktemp("weights") / "last.safetensors"
    file.write_bytes(last.tensors.tobytes())
    return file


def test_a_run_has_its_report_its_metrics_and_its_policy(run: tutelage.Run) -> None:
    assert (run.report["algorithm"], run.report["demonstrations"]) == ("bc", 2)
    metrics = run.metrics
    evaluated = metrics["eval/mean_reward"]
    assert evaluated[~np.isnan(evaluated)] == pytest.approx([run.report["return_mean"]])
    assert {values.shape for values in metrics.values()} == {metrics["rollout"].shape}
    with gymnasium.make("Pendulum-v1") as environment:
        observation, _ = environment.reset(seed=1)
        assert environment.action_space.contains(run.policy(observation))


def test_an_earlier_run_is_known_by_its_folder(run: tutelage.Run) -> None:
    again = tutelage.Run(str(run.dir)).wait()
    assert again.report == run.report


def test_predict_takes_one_observation_or_a_batch_and_draws_if_it_is_asked_to(weights: Path) -> None:
    policy = tutelage.load(weights, env="CartPole-v1")
    batch = np.random.default_rng(0).normal(size=(64, 4))
    actions, state = policy.predict(batch, deterministic=True)
    assert actions.shape == (64,) and state is None
    assert [int(policy(one)) for one in batch] == actions.tolist()
    one, same, other = (tutelage.load(weights, "CartPole-v1", seed).predict(batch)[0].tolist() for seed in (1, 1, 2))
    assert one == same and one != other and one != actions.tolist()


def test_what_is_no_observation_of_the_task_is_refused(weights: Path) -> None:
    policy = tutelage.load(weights, env="CartPole-v1")
    with pytest.raises(tutelage.Refusal, match=r"has the shape \[4\].*this is \[3\]"):
        policy(np.zeros(3))
    with pytest.raises(tutelage.Refusal, match="say of which environment it is by env="):
        tutelage.load(weights)
    with pytest.raises(tutelage.Refusal, match="it is of another task"):
        tutelage.load(weights, env="Pendulum-v1")


LOADED = """
import sys, tutelage
assert "numpy" not in sys.modules and "zmq" not in sys.modules
policy = tutelage.load(sys.argv[1], env="CartPole-v1")
print(policy([0, 0, 0, 0]) in (0, 1), "torch" in sys.modules)
"""


def test_a_policy_is_loaded_and_acts_without_torch(weights: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, weights], capture_output=True, text=True, timeout=60)
    assert done.stdout == "True False\n", done.stderr


def test_what_was_recorded_can_be_played_into_a_node() -> None:
    heard = list(tutelage.read(RECORDING, "observation", "weights"))
    said = list(tutelage.play(Policy(seed=5), heard))
    recorded = list(tutelage.read(RECORDING, "action"))
    assert len(said) == len(recorded) > 0
    with pytest.raises(tutelage.Refusal, match="did you mean 'weights'"):
        tutelage.read(RECORDING, "weigths")


def test_a_refusal_is_one_exception_and_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(tutelage.Refusal, match="did you mean 'seed'"):
        tutelage.launch("bc.yaml", sed=1)
    with pytest.raises(tutelage.Refusal, match="NoSuch-v1: cannot be made"):
        tutelage.launch("record.yaml", env="NoSuch-v1", operator="scripted")
    assert not list(tmp_path.glob("runs/*"))


@pytest.fixture
def endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder `run` beside a launch file `graph.yaml` of two small nodes that wait for each other until they are interrupted."""
    monkeypatch.chdir(tmp_path)
    write_graph(tmp_path, mute="Mute", idle="Mute")
    return tmp_path / "run"


def test_a_resumed_run_can_be_stopped_at_once_and_trusted(endless: Path) -> None:
    run = tutelage.launch("graph.yaml", run_dir=endless, wait=False).stop()
    assert run.report["interrupted"] == "SIGINT"
    (endless / "report.json").unlink()
    about = durable.read_json(endless / "run.json")
    durable.write_json(endless / "run.json", about | {"signature": "of another machine"})
    with pytest.raises(tutelage.Refusal, match="--trust"):
        tutelage.resume(endless, wait=False)
    assert tutelage.resume(endless, wait=False, trusted=True).stop().report["interrupted"] == "SIGINT"


class Hasty(io.StringIO):
    """A screen whose user presses Ctrl-C when it shows these words."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words: str | None = words

    def write(self, text: str) -> int:
        if self._words is not None and self._words in text:
            self._words = None
            signal.raise_signal(signal.SIGINT)
        return super().write(text)


def test_ctrl_c_before_a_run_has_begun_leaves_no_folder(endless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Launched, "_goes_on", lambda _: signal.raise_signal(signal.SIGINT))  # the launcher just started
    with pytest.raises(KeyboardInterrupt):
        tutelage.launch("graph.yaml")
    assert not list(endless.parent.glob("runs/*"))


OWNER = """
import os, sys, tutelage
run = tutelage.launch("graph.yaml", run_dir="run", wait=False)
os.kill(os.getpid(), int(sys.argv[1])) if sys.argv[1:] else os._exit(0)
"""


@pytest.mark.parametrize(
    "words",
    [[str(int(signal.SIGKILL))], *(pytest.param(w, marks=pytest.mark.slow) for w in ([], [str(int(signal.SIGTERM))]))],
)
def test_a_run_ends_in_good_order_when_its_program_is_gone(endless: Path, words: list[str]) -> None:
    subprocess.run([sys.executable, "-c", OWNER, *words], timeout=60)
    until((endless / "report.json").exists)
    assert tutelage.Run(endless).report["interrupted"] == "SIGHUP"


WAITING = """
import tutelage
tutelage.launch("graph.yaml", run_dir="run")
"""


@pytest.mark.slow
def test_a_program_never_leaves_its_run_alone_however_often_ctrl_c_is_pressed(endless: Path) -> None:
    program = subprocess.Popen([sys.executable, "-c", WAITING], stderr=subprocess.DEVNULL)
    listed = endless / "processes.json"
    until(lambda: listed.exists() and durable.read_json(listed)["begun"])
    launcher = durable.read_json(listed)["launcher"]
    os.kill(launcher, signal.SIGSTOP)
    for _ in range(4):
        program.send_signal(signal.SIGINT)
        time.sleep(0.5)
    left = program.poll() is not None
    os.kill(launcher, signal.SIGCONT)
    program.wait()
    assert not left and tutelage.Run(endless).report["interrupted"] == "SIGINT"


@pytest.mark.slow
def test_what_is_wrong_with_a_run_is_shown_while_it_runs(endless: Path) -> None:
    run = tutelage.launch("graph.yaml", run_dir=endless, wait=False)
    os.kill(durable.read_json(endless / "processes.json")["nodes"]["idle"]["pid"], signal.SIGSTOP)
    with contextlib.redirect_stderr(Hasty("idle has not answered")), pytest.raises(KeyboardInterrupt):
        run.wait()


@pytest.mark.slow
def test_runs_side_by_side_have_folders_of_their_own_and_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs = [
        tutelage.launch("gail.yaml", wait=False, seed=seed, env="Pendulum-v1", budget=10_000_000) for seed in (0, 1)
    ]
    assert runs[0].dir != runs[1].dir
    for run in runs:
        until(lambda run=run: "time/total_timesteps" in run.metrics, 60)  # type: ignore[misc]
        assert run.stop().report["interrupted"] == "SIGINT"


SCRIPT = """
import tutelage
try:
    tutelage.launch("gail.yaml", env="Pendulum-v1", run_dir="run")
except KeyboardInterrupt:
    print("interrupted here, and", tutelage.Run("run").report["interrupted"])
"""


def learns(folder: Path) -> bool:
    return "time/total_timesteps" in tutelage.Run(folder / "run").metrics


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ctrl_c_ends_the_run_in_good_order_before_the_program(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], cwd=tmp_path, stdout=subprocess.PIPE)
    until(lambda: learns(tmp_path), 60)
    process.send_signal(signal.SIGINT)
    shown, _ = process.communicate()
    assert b"interrupted here, and SIGINT" in shown and b"launch --resume" in shown


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_at_a_terminal_the_run_draws_there_and_hears_ctrl_c_itself(tmp_path: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execv(sys.executable, [sys.executable, "-c", SCRIPT])
    shown, asked = b"", False
    with contextlib.suppress(OSError):  # closed on the other side
        while data := os.read(terminal, 65536):
            shown += data
            if not asked and learns(tmp_path):
                asked = bool(os.write(terminal, b"\x03"))
    os.waitpid(pid, 0)
    os.close(terminal)
    assert b"interrupted here, and SIGINT" in shown and b"restarts" in shown  # of the view's table


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_page_runs_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[1] / "docs" / "python.md").read_text()
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL):
        exec(block, names)
    assert len(names["observations"]) == 2 * 64 + 1 and names["said"]
