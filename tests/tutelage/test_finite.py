"""A number that is none ends a run by name, wherever it enters, and is in no file that the run leaves."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save, save_file

from tests.nodes.test_robot_faults import CartRun, balancing
from tests.parts.episodes import driven
from tests.parts.run_cli import Run, cli
from tutelage import Message
from tutelage.drivers.trail import Trail
from tutelage.files.checkpoint import load as load_checkpoint
from tutelage.finite import FINITE, check, within
from tutelage.input.problems import Refusal
from tutelage.learning.acting import act
from tutelage.learning.draws import episode_seed, generator
from tutelage.messages import Action, Demonstration, Metrics, Score, Transition, Weights
from tutelage.nodes.cloner import Cloner
from tutelage.nodes.demonstrator import Demonstrator
from tutelage.nodes.discriminator import Discriminator
from tutelage.nodes.learner import PPOLearner
from tutelage.nodes.policy import Policy
from tutelage.nodes.report import Report
from tutelage.nodes.simulator import Simulator
from tutelage.tasks.finished_run import read
from tutelage.tasks.playing import returns
from tutelage.tasks.task import Task
from tutelage.teaching.formats import files, npz
from tutelage.teaching.formats.trajectory import Demonstrations

NUMBERS = ["nan", "inf", "1e30", "1e300"]
BOUNDS = "must be a number between -1e+10 and 1e+10"
IS_NONE = r"is \S+, and must be a number between -1e\+10 and 1e\+10$"
ENV = "tests.parts.odd_numbers:Odd"
SEED = episode_seed(0, 1, 2)  # of copy 1's episode 2


def odd(number: str, field: str, seed: int = SEED) -> dict[str, Any]:
    """An environment, as a launch file has it."""
    return {"id": ENV, "arguments": {"number": number, "field": field, "step": 5, "seed": seed}}


def said(number: str, field: str) -> str:
    name = "observation[1]" if field == "observation" else field
    return f"{name} is {float(number):g}, and {BOUNDS}"


def steps(simulator: Simulator) -> Iterator[Message]:
    """What a simulator of two copies says while nobody balances."""
    yield from simulator.start()
    for step in range(500):
        yield from simulator.hear(Action(0, step, np.ones(2, np.int64), np.zeros(2, np.float32), 0))


def good_weights(folder: Path) -> dict[str, np.ndarray]:
    return load_file(balancing(folder) / "weights.safetensors")


def spoilt(folder: Path, number: str = "nan") -> Path:
    """The folder of a run one of whose weights is no number; float32 has none beyond 3e38, so that 1e300 is infinite."""
    tensors = good_weights(folder)
    with np.errstate(over="ignore"):
        tensors["policy.1.bias"][0] = np.float64(number)
    save_file(tensors, folder / "weights.safetensors")
    return folder


def weights(tensors: dict[str, np.ndarray], rollout: int = 0, final: bool = False) -> Weights:
    return Weights(rollout, 0, rollout, np.frombuffer(save(tensors), np.uint8), 0, stop=final, final=final)


def numbers_in(value: Any) -> Iterator[np.ndarray]:
    """The arrays in a nesting of dicts and lists."""
    if isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from numbers_in(one)
    elif isinstance(value, np.ndarray):
        yield value


def assert_numbers_alone(folder: Path) -> None:
    """No file of a run holds a number that is none."""
    for path in folder.rglob("*.checkpoint"):
        assert all(np.isfinite(array).all() for array in numbers_in((load_checkpoint(path) or {})["node"])), path
    for path in folder.rglob("*.safetensors"):
        assert all(within(tensor) for tensor in load_file(path).values()), path
    for path in (folder / "report.json", folder / "metrics.jsonl"):
        text = path.read_text() if path.exists() else ""
        assert not re.search(r"\b(NaN|Infinity)\b", text), text


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e30", "1e300", "-1e10"])
def test_the_first_number_that_is_none_is_named(number: str) -> None:
    array = np.zeros((3, 4))
    array[2, 1] = float(number)
    with pytest.raises(FloatingPointError, match=rf"^here: x\[2, 1\] {IS_NONE}"):
        check("here", "x", array)
    with pytest.raises(FloatingPointError, match=r"^here, step 2: x\[1\] is "):
        check("here", "x", array, rows="step")


def test_what_environments_say_is_not_refused_however_large() -> None:
    for dtype in (np.float16, np.float32, np.float64, np.int64, np.int8, bool):
        check("here", "x", np.array([np.iinfo(np.int8).min, 100]).astype(dtype))
    check("here", "x", np.full(100_000, 9.9e9, np.float32))  # the sum of their squares is beyond the limit's
    check("here", "loss", np.array([1e30]), FINITE)
    check("here", "x", np.zeros(0))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("field", ["observation", "reward"])
class TestWhereNumbersEnter:
    def test_a_simulator(self, number: str, field: str) -> None:
        simulator = Simulator(odd(number, field), environments=2, seed=0)
        sentence = re.escape(f"{ENV}, copy 1, episode 2, step 5: {said(number, field)}")
        with pytest.raises(FloatingPointError, match=sentence):
            deque(steps(simulator), maxlen=0)

    def test_an_evaluator(self, number: str, field: str, tmp_path: Path) -> None:
        seed = int(generator(0, "evaluator", "final", "episodes").integers(2**31, size=3)[2])
        sentence = re.escape(f"{ENV}, evaluation, episode 2, step 5: {said(number, field)}")
        with pytest.raises(FloatingPointError, match=sentence):
            returns(Task(odd(number, field, seed)), good_weights(tmp_path / "run"), 3, 0, sample=False)

    def test_a_demonstrator(self, number: str, field: str) -> None:
        seed = int(generator(0, "teleoperator", 1).integers(2**31))
        shown = Demonstrator(odd(number, field, seed), operator="tasks.cart_pole:cart_pole").start()
        with pytest.raises(
            FloatingPointError, match=re.escape(f"{ENV}, demonstration 1, step 5: {said(number, field)}")
        ):
            list(shown)

    def test_a_robot(self, number: str, field: str) -> None:
        trail, following = Trail(4), np.zeros(4)
        trail.begin(np.zeros(4, np.float32), 0)
        trail.action = np.array([1])
        following[1] = float(number) if field == "observation" else 0
        with pytest.raises(FloatingPointError, match=re.escape(f"robot, episode 0, step 1: {said(number, field)}")):
            list(trail.step(following, False, False, float(number) if field == "reward" else 1.0))

    def test_a_file_of_demonstrations(self, number: str, field: str, tmp_path: Path) -> None:
        with pytest.raises(Refusal, match=f"episode 0, step 5: the {field} is not"):
            files.read(demonstrations(tmp_path, number, field))


def demonstrations(folder: Path, number: str = "", field: str = "observation") -> Path:
    """A file of three, with a number at a step where it is told one."""
    shown = [driven("CartPole-v1", i, 60) for i in range(3)]
    if number:
        first = shown[0]._replace(observation=shown[0].observation.astype(float), reward=shown[0].reward.astype(float))
        getattr(first, field)[5, ...] = float(number)
        shown[0] = first
    npz.write(folder / "demonstrations.npz", Demonstrations(shown, "CartPole-v1"))
    return folder / "demonstrations.npz"


@pytest.mark.parametrize("number", NUMBERS[:3])
@pytest.mark.parametrize("kind", [Cloner, Discriminator])
def test_a_demonstration_with_it_is_not_learned_from(kind: type[Cloner | Discriminator], number: str) -> None:
    observation = np.zeros((9, 4), np.float32)
    observation[5, 1] = float(number)
    shown = Demonstration(0, 0, observation, np.zeros(8, np.int64), True, False, "ann")
    with pytest.raises(
        FloatingPointError, match=re.escape(f"demonstration 0 of ann, step 5: {said(number, 'observation')}")
    ):
        list(kind("CartPole-v1").hear(shown))


def rollout(learner: PPOLearner, number: float = 0.0) -> list[Message]:
    """What a learner says of one in which a reward is this number."""
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(2, 8, 2, 4)).astype(np.float32)
    ends = np.zeros((8, 2), bool)
    reward = np.full((8, 2), 1, np.float32)
    reward[3, 1] = number
    log_prob = np.full((8, 2), -0.7, np.float32)
    list(learner.hear(Transition(0, 7, seen[0], np.ones((8, 2), np.int64), seen[1], log_prob, ends, ends)))
    return list(learner.hear(Score(0, 8, reward, np.zeros_like(reward), enough=False)))


def test_a_learner_says_which_reward_or_loss_it_was_and_no_weights() -> None:
    for number in ("nan", "inf"):
        with pytest.raises(FloatingPointError, match=rf"^rollout 0, step 3: reward\[1\] is {number}"):
            rollout(PPOLearner("CartPole-v1"), float(number))
    with (
        np.errstate(all="ignore"),
        pytest.raises(FloatingPointError, match=r"^rollout 0: train/\w+ is \w+, and must be a finite number"),
    ):
        rollout(PPOLearner("CartPole-v1"), 1e30)
    learner = PPOLearner("CartPole-v1")
    learner.algorithm.adam.flat[5] = 1e20  # finite in every loss, and no weight
    with pytest.raises(FloatingPointError, match=r"^weights of version 1: policy.0.weight\[1, 1\] is 1e\+20"):
        rollout(learner)
    assert [type(one) for one in rollout(PPOLearner("CartPole-v1"))] == [Weights, Metrics]


@pytest.mark.parametrize("number", NUMBERS)
def test_weights_with_it_are_not_loaded_and_nobody_acts_by_them(tmp_path: Path, number: str) -> None:
    run = spoilt(tmp_path / "run", number)
    sentence = r"run/weights.safetensors: cannot be used as the weights of a policy: policy.1.bias\[0\] is "
    with pytest.raises(Refusal, match=sentence):
        read(run)
    policy = Policy(greedy=True)
    with pytest.raises(FloatingPointError, match=r"weights of version 0: policy.1.bias\[0\] is "):
        list(policy.hear(weights(load_file(run / "weights.safetensors"))))


def test_a_policy_never_answers_from_it(tmp_path: Path) -> None:
    tensors, observation = good_weights(tmp_path / "run"), np.zeros((3, 4), np.float32)
    observation[1, 2] = np.inf  # what a tanh makes a number of
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(FloatingPointError, match=r"no answer to the observation \[0.0, 0.0, inf, 0.0\]"),
    ):
        act(tensors, observation)
    spoilt_mean = tensors | {"policy.2.bias": np.array([0, np.nan], np.float32)}
    with pytest.raises(FloatingPointError, match=r"its network gives \[0.0, nan\]"):
        act(spoilt_mean, np.zeros((1, 4), np.float32))


def test_a_file_of_weights_that_was_changed_is_refused(tmp_path: Path) -> None:
    tensors = good_weights(tmp_path / "run")
    path = tmp_path / "run" / "weights.safetensors"
    report = Report()
    report.run_dir = tmp_path / "run"
    report.hear(weights(tensors, final=True))
    report.finish()
    (tmp_path / "run" / "learned.json").rename(tmp_path / "run" / "report.json")
    assert read(tmp_path / "run") == path.read_bytes()
    save_file(tensors | {"policy.2.bias": np.ones(2, np.float32)}, path)
    with pytest.raises(Refusal, match=f"{path}: is not the file that the run ended with"):
        read(tmp_path / "run")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(Refusal, match=str(path)):
        read(tmp_path / "run")


def test_the_last_weights_that_are_numbers_are_kept(tmp_path: Path) -> None:
    good, report = good_weights(tmp_path / "run"), Report()
    report.run_dir = tmp_path
    report.hear(weights(good))
    with pytest.raises(FloatingPointError, match=r"weights of version 1: policy.2.bias\[0\] is nan"):
        report.hear(weights(good | {"policy.2.bias": np.full(2, np.nan, np.float32)}, rollout=1))
    assert (tmp_path / "weights.interim.safetensors").read_bytes() == save(good)


FEW = ("environments:=2", "rollout_steps:=16", "episodes:=3")
SHOWN = int(generator(0, "teleoperator", 1).integers(2**31))
EVALUATED = int(generator(0, "evaluator", "final", "episodes").integers(2**31, size=3)[2])
LAW = "operator:=tasks.cart_pole:cart_pole"
PLACES: dict[str, tuple[tuple[str, ...], int, str, str]] = {
    "gail": (("gail.yaml", LAW, *FEW, "budget:=4096"), SEED, "simulator", "copy 1, episode 2"),
    "gail, sharing": (
        ("gail.yaml", LAW, *FEW, "budget:=4096", "collector:=one"),
        SEED,
        "simulator",
        "copy 1, episode 2",
    ),
    "gail, shown": (("gail.yaml", LAW, *FEW, "budget:=64"), SHOWN, "teleoperator", "demonstration 1"),
    "gail, evaluated": (("gail.yaml", LAW, *FEW, "budget:=64"), EVALUATED, "evaluator", "evaluation, episode 2"),
    "ppo": (("ppo.yaml", *FEW, "budget:=4096"), SEED, "simulator", "copy 1, episode 2"),
    "bc, shown": (("bc.yaml", LAW, "epochs:=2", "episodes:=3"), SHOWN, "teleoperator", "demonstration 1"),
    "bc, evaluated": (("bc.yaml", LAW, "epochs:=2", "episodes:=3"), EVALUATED, "evaluator", "evaluation, episode 2"),
}
QUICK = {
    ("gail", "observation", "nan", "processes"),
    ("gail, sharing", "reward", "inf", "processes"),
    ("ppo", "reward", "1e300", "one process"),
    ("bc, evaluated", "observation", "1e30", "processes"),
    ("bc, shown", "reward", "inf", "one process"),
}
LAUNCHES = [
    pytest.param(*case, marks=() if case in QUICK else pytest.mark.slow)
    for place in PLACES
    for field in ("observation", "reward")
    for number in NUMBERS
    for case in [(place, field, number, how) for how in ("processes", "one process")]
]


@pytest.mark.parametrize("place, field, number, how", LAUNCHES)
def test_a_run_ends_by_its_name_with_the_last_good_weights(
    tmp_path: Path, place: str, field: str, number: str, how: str
) -> None:
    words, seed, node, where = PLACES[place]
    env = f"env:={json.dumps(odd(number, field, seed))}"
    run = Run(tmp_path, *words, env, *["--one-process"] * (how == "one process")).wait()
    sentence = f"{node} has failed and would fail again: {ENV}, {where}, step 5: {said(number, field)}"
    assert sentence in run.output and "greedy" not in run.output, run.output
    assert run.process.returncode == 1 and run.report["exit_code"] == 1 and run.report["node_restarts"] == {}
    assert_numbers_alone(run.run_dir)
    assert node == "teleoperator" or any(run.run_dir.glob("weights*.safetensors"))


@pytest.mark.parametrize("number", ["nan", *[pytest.param(number, marks=pytest.mark.slow) for number in NUMBERS[1:]]])
def test_no_command_takes_weights_with_it(tmp_path: Path, number: str) -> None:
    run = spoilt(tmp_path / "policy", number)
    (run / "graph.json").write_text(
        json.dumps({"name": "gail", "nodes": [{"name": "learner", "parameters": {"env": "CartPole-v1"}}]})
    )
    sentence = r"policy.1.bias\[0\] is "
    for words in (
        ("evaluate", run),
        *[("launch", file, f"policy:={run}", "--run-dir", tmp_path / file) for file in ("gail.yaml", "ppo.yaml")],
        ("launch", "rig.yaml", f"policy:={run}", "--run-dir", tmp_path / "hardware"),
    ):
        done = cli(*words)
        assert done.returncode == 2 and re.search(sentence, done.stderr), (words, done)
    assert not (tmp_path / "hardware").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("file", ["gail.yaml", "bc.yaml"])
def test_no_run_takes_a_file_of_demonstrations_with_it(tmp_path: Path, file: str, number: str) -> None:
    shown = demonstrations(tmp_path, number)
    done = cli("launch", file, f"demonstrations:={shown}", "--run-dir", tmp_path / "run")
    assert done.returncode == 2 and "episode 0, step 5: the observation is not" in done.stderr, done


@pytest.mark.parametrize(
    "task, learner, sentence",
    [
        (
            "OddTask",
            "nodes.weights:SavedWeights",
            r"hardware has failed.*: robot, episode \d+, step \d+: reward is inf",
        ),
        (
            "OddlyObserving",
            "nodes.weights:SavedWeights",
            r"hardware has failed.*: robot, episode \d+, step \d+: observation\[1\] is nan",
        ),
        (
            "Steady",
            "tests.parts.odd_numbers:OddLearner",
            r"policy has failed.*: weights of version 1: policy.2.bias\[0\] is nan",
        ),
    ],
)
def test_on_a_robot_it_stops_the_device_and_ends_the_run(
    tmp_path: Path, task: str, learner: str, sentence: str
) -> None:
    given = "run: $(policy)" + (", robot: $(robot)" if "Saved" in learner else "")
    (tmp_path / "odd.yaml").write_text(
        "time: realtime\narguments: {policy: {type: folder}, robot: {type: file}}\nnodes:\n"
        "  hardware:\n    run: nodes.hardware:Hardware\n"
        "    parameters: {robot: $(robot), rollout_steps: 1, seconds: 20}\n"
        f"  weights:\n    run: {learner}\n    parameters: {{{given}}}\n"
        "  policy: {run: nodes.policy:Policy, parameters: {greedy: true}}\n"
    )
    run = CartRun(tmp_path, file=str(tmp_path / "odd.yaml"), task=f"tests.parts.odd_numbers:{task}")
    run.wait()
    assert run.process.returncode == 1 and re.search(sentence, run.output), run.output
    assert run.verbs.count("write") > 5 and run.verbs[-2:] == ["stop", "close"]
