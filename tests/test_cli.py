"""The commands that look at a finished run, and those that need none."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import imageio.v3 as imageio
import pytest
import yaml

from tests.parts.run_cli import CLI, Run, cli, finished, fresh
from tutelage.invocation import program

REPORTED = (
    *("algorithm", "environment", "seed", "expert_return_mean", "return_mean", "return_std", "return_sampled_mean"),
    *("evaluation_episodes", "environment_steps", "steps_per_second", "wall_seconds", "seconds_learning"),
    *("weights_digest", "demonstrations", "node_restarts", "messages_lost"),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return finished(
        tmp_path_factory.mktemp("run"),
        "gail.yaml",
        "budget:=4096",
        "episodes:=3",
        "seed:=5",
        "keep:=1",
        "evaluate_every:=1",
    )


def test_a_run_folder_holds_what_was_run_and_what_came_of_it(run: Run) -> None:
    assert set(REPORTED) <= run.report.keys()
    assert (run.report["seed"], run.report["demonstrations"], run.report["environment_steps"]) == (5, 10, 4096)
    about = json.loads((run.run_dir / "run.json").read_text())
    assert about["arguments"]["budget"] == 4096
    assert about["versions"]["numpy"]
    assert {"time/total_timesteps", "train/approx_kl"} <= set().union(*run.rows)
    assert {log.stem for log in (run.run_dir / "logs").glob("*.log")} >= {"learner", "simulator"}


def test_a_finished_runs_folder_is_not_used_again(run: Run) -> None:
    done = cli("launch", "gail.yaml", "--run-dir", str(run.run_dir))
    assert done.returncode == 2
    assert done.stderr.rstrip().endswith(f"{run.run_dir} contains a run already: name another folder")


def test_the_resolved_launch_file_runs_to_the_same_digest(run: Run, tmp_path: Path) -> None:
    again = finished(tmp_path, str(run.run_dir / "launch.yaml"))
    assert again.digest == run.digest


def test_evaluate_plays_the_final_policy(run: Run) -> None:
    words = ("evaluate", str(run.run_dir), "--episodes", "3", "--seed", "5")  # the run's own: the same episodes
    greedy, sampled = (cli(*words, *more) for more in ([], ["--sampled"]))
    assert f"return {run.report['return_mean']:.1f} +- " in greedy.stdout
    assert f"return {run.report['return_sampled_mean']:.1f} +- " in sampled.stdout


def test_weights_are_kept_on_the_way_and_can_be_evaluated(run: Run) -> None:
    kept = run.run_dir / "kept"
    assert sorted(path.name for path in kept.iterdir()) == [
        "000001.safetensors",
        "000002.safetensors",
        "best.json",
        "best.safetensors",
    ]
    assert (kept / "000002.safetensors").read_bytes() == (run.run_dir / "weights.safetensors").read_bytes()
    rows = run.rows
    means = [row["eval/mean_reward"] for row in rows if "eval/mean_reward" in row]
    best = f"{means.index(max(means)) + 1:06}.safetensors"
    assert (kept / "best.safetensors").read_bytes() == (kept / best).read_bytes()
    last, named = (
        cli("evaluate", run.run_dir, "--episodes", "3", *words)
        for words in ([], ["--weights", "kept/000002.safetensors"])
    )
    assert last.stdout == named.stdout != ""
    assert (
        "did you mean 'kept/best.safetensors'" in cli("evaluate", run.run_dir, "--weights", "best.safetensors").stderr
    )


@pytest.mark.parametrize(
    ("target", "sentence"),
    [("video.doc", "is no kind of video: name a file like video.mp4"), ("no/video.mp4", "there is no folder no")],
)
def test_what_cannot_be_rendered_is_refused_before_anything_is_played(
    tmp_path: Path, target: str, sentence: str
) -> None:
    done = cli("evaluate", str(tmp_path), "--render", target, cwd=tmp_path)  # a folder without a run
    assert done.returncode == 2 and sentence in done.stderr


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # imageio leaves its decoder's pipes
def test_evaluate_renders_a_video(run: Run, tmp_path: Path) -> None:
    video = tmp_path / "video.mp4"
    done = cli("evaluate", str(run.run_dir), "--episodes", "1", "--render", str(video))
    assert done.returncode == 0, done.stderr
    frames = imageio.imread(video)
    assert frames.shape[0] > 20
    assert frames.std() > 1  # there is something to be seen


def test_evaluate_of_no_run_or_of_one_that_has_not_ended_says_so(run: Run, tmp_path: Path) -> None:
    done = cli("evaluate", str(tmp_path))
    assert done.returncode == 2
    assert "there is no run here: name the folder of one" in done.stderr
    assert "Traceback" not in done.stderr
    shutil.copy(run.run_dir / "graph.json", tmp_path)
    done = cli("evaluate", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == f"{tmp_path}: there are no weights here: name the folder of a run that has ended\n"


def test_messages_are_printed_as_documentation_and_as_schema() -> None:
    done = cli("messages", "Actoin")
    sentence = "Actoin: there is no module Actoin, and no message type of this name; did you mean 'Action'?\n"
    assert done.returncode == 2 and done.stderr == sentence
    text, schema = cli("messages").stdout, json.loads(cli("messages", "--json").stdout)
    assert "Transition   topic transition, cadence step" in text
    assert schema["transition"]["properties"]["observation"]["dtype"] == ["float32"]


USAGE = """
import sys, cli
try:
    cli.main(["launch", "gail.yaml", "--args"])
except SystemExit:
    print(sorted({"numpy", "gymnasium", "zmq"} & sys.modules.keys()))
"""


def test_arguments_are_listed_in_groups_and_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", USAGE], cwd=CLI.parent, capture_output=True, text=True, timeout=60)
    *shown, heavy = done.stdout.splitlines()
    assert heavy == "[]", done.stderr
    titles = [
        line for line in shown if line.endswith(":") and not line.startswith((" ", "settings:=", "discriminator:="))
    ]
    assert titles == ["demonstrations:", "a live operator:", "learning:", "evaluation:", "files:"]
    assert (
        "  demonstrations_count:=  number of demonstrations (by default ten of an operator, all of a file)"
        in done.stdout
    )


def test_a_dry_run_shows_a_launch_file_that_can_be_read(tmp_path: Path) -> None:
    shown = fresh("launch", "gail.yaml", "seed:=7", "--dry-run", cwd=tmp_path)
    assert yaml.safe_load(shown.stdout)["nodes"]["learner"]["parameters"]["seed"] == 7
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["gial.yaml"], "did you mean 'gail.yaml'?"),
        (["gail.yml"], "did you mean 'gail.yaml'?"),
        (["gail.yaml", "seed:=abc"], "argument 'seed' must be an int, but is the string 'abc'"),
        (["gail.yaml", "sed:=1"], "did you mean 'seed'?"),
        (["gail.yaml", "env:=NoSuch-v1"], "NoSuch-v1: cannot be made"),
        (["gail.yaml", "env:=Blackjack-v1"], "a flat Box is needed"),
        (["gail.yaml", "env:=Acrobot-v1", "demonstrations:=nothing.npz"], "there is no such file"),
        (["gail.yaml", "demonstrations_count:=0"], "at least one demonstration must be shown"),
        (["gail.yaml", "--run-dir", "/proc/nowhere"], "the run's folder cannot be used"),
        (["--resume", "."], "there is no run here"),
        (["bc.yaml", "epochs:=0"], "argument 'epochs' must be at least 1, but is 0"),
        (["gail.yaml", "environments:=0"], "argument 'environments' must be at least 1, but is 0"),
        (["bc.yaml", "settings:={loss: squared_error}"], "squared"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(tmp_path: Path, words: list[str], sentence: str) -> None:
    done = cli("launch", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_options_that_a_resumed_run_cannot_take_are_refused(run: Run) -> None:
    options = ["--dry-run", "--run-dir", "other", "--one-process"]
    done = cli("launch", "--resume", run.run_dir, "budget:=6144", *options)
    assert done.returncode == 2 and "leave out --dry-run and --run-dir and --one-process" in done.stderr
    assert (run.run_dir / "report.json").exists()
    assert "leave out --args" in cli("launch", "--resume", run.run_dir, "budget:=6144", "--args").stderr


REFUSED = """
import sys
from tutelage import launcher
from tutelage.input.problems import Refusal
for word in sys.argv[1:]:
    try:
        launcher.graph("gail.yaml", [word])
    except Refusal as error:
        print(error, "torch" in sys.modules)
"""


def test_what_cannot_be_right_is_refused_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    words = ["demonstrations:=no.npz", "demonstrations:=/no", "policy:=runs/no", "robot:=no.yaml", "lag:=-1", "sed:=1"]
    program = [sys.executable, "-c", REFUSED, *words]
    environment = os.environ | {"PYTHONPATH": str(CLI.parent)}
    done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    said = done.stdout.splitlines()
    assert [line.partition(": ")[0] for line in said] == words, done.stderr
    assert {line.rpartition(" ")[2] for line in said} == {"False"}
    assert "no.npz: there is no such file in" in said[0] and "runs/no: there is no such file or folder" in said[2]
    assert "known: none" not in said[0]


@pytest.mark.slow
@pytest.mark.parametrize(("words", "every"), [([], 2), (["evaluate_every:=3"], 3)])
def test_a_run_stops_when_its_evaluated_return_is_enough(tmp_path: Path, words: list[str], every: int) -> None:
    run = finished(tmp_path, "gail.yaml", "enough:=5", "episodes:=2", *words)
    rows = run.rows
    evaluated = [row["time/total_timesteps"] / 2048 for row in rows if "eval/mean_reward" in row]
    assert evaluated[:3] == [every, 2 * every, 3 * every] and evaluated[-1] <= 3 * every + 3


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("/venv/bin/tutelage", "tutelage"),
        ("cli.py", "python cli.py"),
        ("/x/tutelage/__main__.py", "python -m tutelage"),
        ("PACKAGE/cli.py", "python -m tutelage"),  # python -m tutelage.cli, of a wheel
    ],
)
def test_hints_name_the_command_as_the_user_typed_it(monkeypatch, tmp_path: Path, script: str, words: str) -> None:
    (tmp_path / "__main__.py").touch()
    monkeypatch.setattr("sys.argv", [script.replace("PACKAGE", str(tmp_path)), "launch"])
    assert program() == words


def test_messages_of_a_module_of_the_users_are_printed_too(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from tutelage import Message\n\n\nclass Wave(Message, cadence='free'):\n    high: float\n"
    )
    assert cli("messages", "mine.py", cwd=tmp_path).stdout.startswith("Wave   topic wave, cadence free")
    assert cli("messages", "your.py", cwd=tmp_path).returncode == 2


def test_a_users_own_folders_are_not_hidden_by_those_of_the_clone(tmp_path: Path) -> None:
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers" / "words.py").write_text(
        "from tutelage import Message\n\n\nclass Wave(Message, cadence='free'):\n    high: float\n"
    )
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, str(CLI), "messages", "drivers.words"]
    done = subprocess.run(command, cwd=tmp_path, env=alone, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("Wave"), done.stderr
