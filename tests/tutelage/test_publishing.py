"""Messages that people publish into a running graph (`topic pub`)."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.nodes.test_robot_faults import balancing
from tests.parts.rigs import running
from tests.parts.run_cli import Run, cli
from tests.tutelage.test_steering import LONG, ask
from tutelage import Message
from tutelage.input.problems import Refusal
from tutelage.message import values
from tutelage.messages import Command, Enough, Evaluation, Order, Safety, Setting, Transition
from tutelage.observers.steered import mapping, published
from tutelage.plain_message import message_of
from tutelage.recording import Reader
from tutelage.recording.reader import Recorded

GOAL = '''
from tutelage import Message, Node
from tutelage.messages import Weights

class Goal(Message):
    """a person -> walker: where to go."""
    place: list[float]

class Walker(Node):
    """Notes where it shall go, and from which rollout on."""
    hears = (Weights,)
    obeys = (Goal,)

    def hear(self, message):
        if isinstance(message, Goal):
            with (self.run_dir / "goals").open("a") as file:
                print(message.rollout, message.place, file=file)
'''


def test_it_counts_from_a_rollout_is_recorded_verified_and_not_forgotten_by_a_resume(tmp_path: Path) -> None:
    run = Run(tmp_path, *LONG)
    run.until((run.run_dir / "checkpoints" / "learner.checkpoint").exists)
    refused = ask(
        run, "topic", "pub", "action", "Action", "{action: [[1]], log_prob: [0], policy_version: 0}", "--once"
    )
    assert "no node of this run lets people publish on this topic, only on enough" in refused
    assert "these fields are missing: return_mean (float)" in ask(
        run, "topic", "pub", "enough", "Enough", "{}", "--once"
    )
    assert "messages of type Enough, not Order" in ask(run, "topic", "pub", "enough", "Order", "{}", "--once")
    said = ask(run, "topic", "pub", "enough", "Enough", "{return_mean: 321.0}", "--once")
    os.kill(run.process.pid, signal.SIGKILL)
    run.process.wait()
    ((rollout, *said_by),) = published(run.run_dir)
    assert f"enough: published for rollout {rollout}\n" in said
    assert said_by == ["enough", {"return_mean": 321.0}]
    run.resumed()
    assert [(one.sender, *values(said)) for one, said in recorded(run, Enough)] == [("steering", rollout, 0, 321.0)]
    last = max(said.rollout for _, said in recorded(run, Transition))
    assert rollout <= last <= rollout + 1, "the learner ends after the rollouts under way"
    assert "learner: same" in cli("verify", str(run.run_dir / "recording.mcap")).stdout


def test_a_persons_order_disarms_a_robot_at_once(tmp_path: Path) -> None:
    policy = balancing(tmp_path / "policy")
    with running("cartpole", "dynamixel", tmp_path) as rig:
        words = (f"policy:={policy}", f"robot:={rig.file(tmp_path)}", "limit_scale:=0.5", "steering:=true")
        run = Run(tmp_path, "hardware.yaml", *words, "record:=true")
        try:
            slow_down_and_disarm(run)
        finally:
            os.kill(run.process.pid, signal.SIGINT)
            run.wait()
    ((changed, _),) = recorded(run, Setting)
    later = [said for _, said in recorded(run, Command) if said.applied.size and said.captured > changed.received]
    assert max(abs(float(said.applied[0])) for said in later) == 0.75, "a quarter of the file's limit"
    assert [said.order for _, said in recorded(run, Order)] == ["disarm"]
    assert ("disarmed", "ordered: it smokes") in [(said.state, said.reason) for _, said in recorded(run, Safety)]


def slow_down_and_disarm(run: Run) -> None:
    run.until(lambda: "moving" in log(run))
    refused = ask(run, "param", "set", "hardware", "limit_scale", "0.6")
    assert "must be a number from 0.01 to 0.5, but is 0.6" in refused
    assert "from 0.01 to 0.5" in ask(run, "param", "describe", "hardware", "limit_scale")
    assert "add --once" in ask(run, "topic", "pub", "order", "Order", "{order: arm, reason: again}")
    assert "limit_scale is 0.25" in ask(run, "param", "set", "hardware", "limit_scale", "0.25")
    assert ask(run, "param", "get", "hardware", "limit_scale").strip() == "0.25"
    said = ask(run, "topic", "pub", "order", "Order", "{order: disarm, reason: it smokes}", "--once")
    assert "order: published for rollout" in said
    run.until(lambda: "it smokes" in log(run))


def test_a_persons_speed_changes_while_they_drive(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        "record.yaml",
        "operator:=tests.parts.leaning:lean",
        "episodes:=99",
        "rate:=50",
        "speed:=0.1",
        "steering:=true",
    )
    try:
        run.until((run.run_dir / "checkpoints" / "teleoperator.checkpoint").exists)
        assert "speed is 20 from rollout" in ask(run, "param", "set", "teleoperator", "speed", "20")
        assert "speed: 20.0" in ask(run, "param", "describe", "teleoperator", "speed")
        assert "no such setting" in ask(run, "param", "set", "simulator", "speed", "20")
    finally:
        run.kill()


def recorded(run: Run, kind: type[Message]) -> list[tuple[Recorded, Any]]:
    return list(Reader(run.run_dir / "recording.mcap").of(kind))


def log(run: Run) -> str:
    path = run.run_dir / "logs" / "hardware.log"
    return path.read_text() if path.exists() else ""


def test_a_node_and_a_message_type_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "walker.py").write_text(GOAL)
    (tmp_path / "walk.yaml").write_text(
        "include:\n  - file: gail.yaml\n    arguments: {budget: 49152, episodes: 2, steering: true}\n"
        "nodes:\n  walker: {run: 'walker.py:Walker'}\n"
    )
    run = Run(tmp_path, "walk.yaml")
    run.until((run.run_dir / "checkpoints" / "learner.checkpoint").exists)
    said = ask(run, "topic", "pub", "goal", "Goal", "{place: [1.0, 2.5]}", "--once")
    run.until((run.run_dir / "goals").exists)
    rollout, place = (run.run_dir / "goals").read_text().split(" ", 1)
    assert f"goal: published for rollout {rollout}\n" in said and place.strip() == "[1.0, 2.5]"
    run.kill()


@pytest.mark.parametrize(
    ("kind", "fields", "sentence"),
    [
        (Order, {"order": "stop"}, "these fields are missing: reason \\(str\\)"),
        (Order, {"order": "stop", "reason": "", "raeson": ""}, "no such field; did you mean 'reason'"),
        (Order, {"order": 3, "reason": ""}, "Order.order: expected str, found int 3"),
        (Evaluation, {"policy_version": 1, "environment_steps": 1, "greedy": [[1.0]], "sampled": [], "final": True},
         "Evaluation.greedy: expected float64 \\[episodes\\], found float64 \\[1, 1\\]"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(kind: type[Message], fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        message_of(kind, 0, 0, fields)


def test_lists_become_arrays_of_the_declared_type() -> None:
    made = message_of(
        Evaluation,
        3,
        0,
        {"policy_version": 1, "environment_steps": 9, "greedy": [1, 2.5], "sampled": [], "final": True},
    )
    assert isinstance(made, Evaluation) and made.rollout == 3
    assert made.greedy.dtype == np.float64 and made.greedy.tolist() == [1.0, 2.5] and values(made)[5].size == 0


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("{reason: !!set {a}}", r"values:1:10: the tag '.*:set' is not read here: write a plain value"),
        ("{reason: !!binary aGk=}", r"values:1:10: the tag '.*:binary' is not read here: write a plain value"),
        ("{reason: &one [*one]}", "values:1:10: .* anchors and aliases are not read"),
        ("{reason: a, reason: b}", "values:1:13: the key 'reason' is duplicated"),
        ("{reason: ", "values:1:10: this YAML cannot be read"),
        ("[stop]", "values: must be fields"),
        ("", "values: must be fields"),
    ],
)
def test_what_is_no_message_is_refused(said: str, sentence: str) -> None:
    with pytest.raises(Refusal, match=f"^{sentence}"):
        mapping(said, "values", "must be fields")


def test_what_people_say_is_read_as_a_launch_file_is() -> None:
    said = "{clip: 1e-3, reason: on, number: 010, when: 2026-11-29}"
    assert mapping(said, "values", "") == {"clip": 0.001, "reason": "on", "number": 10, "when": "2026-11-29"}
