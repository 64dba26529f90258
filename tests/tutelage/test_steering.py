"""What a person changes while a graph runs: it counts from a stated rollout, is recorded, repeated and not forgotten."""

import dataclasses
import math
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.parts.disks import disk, fill
from tests.parts.person import RIGHT, SPACE, Person
from tests.parts.run_cli import Run, cli, finished
from tests.tutelage.test_supervisor import hasten
from tutelage import Node
from tutelage.message import values
from tutelage.messages import Setting, Weights
from tutelage.node import parameters
from tutelage.nodes import airl_discriminator, given_reward_learner, hardware, iq_learner, teleoperator  # noqa: F401
from tutelage.nodes.learner import PPOLearner
from tutelage.nodes.steering import LiveSteering, Steering
from tutelage.observers.steered import STEERED, published
from tutelage.recording import Reader

LONG = ("gail.yaml", "budget:=32768", "episodes:=2", "record:=true", "steering:=true")


def ask(run: Run, *words: str) -> str:
    """What a command prints of this run, which must be running."""
    done = cli(*words, "--run", str(run.run_dir))
    return done.stdout + done.stderr


def subclasses(kind: type[Node]) -> Iterator[type[Node]]:
    """All kinds of node that let settings change."""
    for one in kind.__subclasses__():
        yield from [one] if one.steerable else []
        yield from subclasses(one)


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def weights(rollout: int, stop: bool = False) -> Weights:
    return Weights(rollout, 0, rollout, np.zeros(1, np.uint8), 0, stop, False)


def test_a_change_counts_from_the_first_rollout_that_was_not_promised(tmp_path: Path) -> None:
    node = Steering()
    node.run_dir = tmp_path
    assert [values(said) for said in node.hear(weights(0))] == [(1, 0)]
    node.ask("setting", {"node": "learner", "setting": "clip", "value": 0.1})
    assert [values(said) for said in node.hear(weights(1))] == [(1, 0, "learner", "clip", 0.1), (2, 0)]
    assert [values(said) for said in node.hear(weights(2, stop=True))] == [(3, 0)] and node.done


def changed(node: Steering, clip: float) -> dict[str, object]:
    """Asks a steering node for a change."""
    node.ask("setting", fields := {"node": "learner", "setting": "clip", "value": clip})
    return fields


def test_a_checkpoint_has_no_message_that_the_list_has_and_no_message_is_listed_twice(tmp_path: Path) -> None:
    nodes = Steering(), Steering()
    for node in nodes:
        node.run_dir = tmp_path
    one, other = changed(nodes[0], 0.1), changed(nodes[0], 0.2)
    list(nodes[0].hear(weights(0)))
    assert published(tmp_path) == [], "it is in no checkpoint yet"
    saved = nodes[0].state()
    list(nodes[0].hear(weights(1)))
    assert published(tmp_path) == [[0, "setting", one], [0, "setting", other]]
    assert nodes[0].state()["listed"]["rows"] == []
    nodes[1].load(saved)
    list(nodes[1].hear(weights(1)))
    assert published(tmp_path) == [[0, "setting", one], [0, "setting", other]]
    (tmp_path / STEERED.format("another")).write_text("{")
    assert len(published(tmp_path)) == 2, "a line that is amid being written"


def test_a_full_disk_holds_back_no_message_and_it_is_listed_later(tmp_path: Path) -> None:
    with disk(tmp_path, "1m"):
        node = LiveSteering()
        node.run_dir = tmp_path
        fill(tmp_path / "filler")
        for clip in (0.1, 0.2):
            changed(node, clip)
            assert [said.value for said in node.tick() if isinstance(said, Setting)] == [clip]
        list(node.tick())
        assert published(tmp_path) == [] and node.due() > 0
        (tmp_path / "filler").unlink()
        node.unkept = "steering.checkpoint (No space left on device)"
        list(node.tick())
        assert published(tmp_path) == [], "it is in no checkpoint yet"
        node.unkept = ""
        list(node.tick())
        assert [fields["value"] for _, _, fields in published(tmp_path)] == [0.1, 0.2]
        assert node.due() == math.inf


def test_a_restarted_learner_still_has_the_changed_setting() -> None:
    node = PPOLearner("CartPole-v1")
    node.name = "learner"
    node.set(Setting(3, 0, "learner", "entropy_weight", 0.5))
    node.set(Setting(3, 0, "another", "entropy_weight", 0.7))
    again = PPOLearner("CartPole-v1")
    again.load(node.state())
    assert again.algorithm.entropy_weight == node.algorithm.entropy_weight == 0.5


def test_it_is_recorded_verified_and_not_forgotten_by_a_resume(tmp_path: Path) -> None:
    run = Run(tmp_path, *LONG)
    run.until((run.run_dir / "checkpoints" / "learner.checkpoint").exists)
    assert "entropy_weight is 0.3 from rollout " in ask(run, "param", "set", "learner", "entropy_weight", "0.3")
    run.until((run.run_dir / "steered-steering.jsonl").exists)
    assert ask(run, "param", "get", "learner", "entropy_weight").strip() == "0.3"
    assert "learner is restarted" in ask(run, "node", "restart", "learner")
    assert "the run cannot go on without it" in ask(run, "node", "stop", "policy")
    os.kill(run.process.pid, signal.SIGKILL)
    run.process.wait()
    run.resumed()
    ((rollout, *said),) = published(run.run_dir)
    assert said == ["setting", {"node": "learner", "setting": "entropy_weight", "value": 0.3}]
    assert {said.rollout for _, said in Reader(run.run_dir / "recording.mcap").of(Setting)} == {rollout}
    verdict = cli("verify", str(run.run_dir / "recording.mcap")).stdout
    assert "learner: same" in verdict and "discriminator: same" in verdict, verdict


@pytest.mark.slow
def test_what_cannot_change_is_refused_in_a_sentence(tmp_path: Path) -> None:
    run = Run(tmp_path, *LONG)
    run.until((run.run_dir / "checkpoints" / "learner.checkpoint").exists)
    assert "must be a number from 0 to 1, but is 5.0" in ask(run, "param", "set", "learner", "entropy_weight", "5")
    assert "did you mean 'clip'?" in ask(run, "param", "set", "learner", "clap", "0.1")
    assert "there is no such node" in ask(run, "param", "set", "nobody", "clip", "0.1")
    assert "console is stopped" in ask(run, "node", "stop", "console")
    os.kill(run.process.pid, signal.SIGKILL)
    run.process.wait()


def test_at_a_learner_that_waits_for_a_person_a_change_is_asked_for_and_counts_when_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasten(tmp_path, monkeypatch, "from tutelage.observers import steered", "steered.ADMITTED_SECONDS = 0.5")
    words = ("gail.yaml", "operator:=keyboard", "live:=true", "steering:=true", "speed:=1", "rollouts_each:=4")
    person = Person(tmp_path, *words)
    try:
        person.sees("the learner waits for the first kept episode")
        person.until((person.run_dir / "processes.json").exists)
        done = cli("param", "set", "learner", "clip", "0.1", "--run", str(person.run_dir))
        assert done.returncode == 1, done.stderr
        assert done.stderr.startswith("learner: clip: asked for, but does not count yet: it will when the learner")
        (tmp_path / "more.yaml").write_text("clip: 0.15\nentropy_weight: 0.5\nclap: 1\n")
        done = cli("param", "load", "learner", str(tmp_path / "more.yaml"), "--run", str(person.run_dir))
        late = [line.partition(": asked for")[0] for line in done.stderr.splitlines()]
        assert late[:2] == ["learner: clip", "learner: entropy_weight"] and "did you mean 'clip'?" in late[2]
        assert done.returncode == 2
        person.press(RIGHT, SPACE)
        person.sees("episode 0 is over")
        person.press("k")
        person.until(lambda: published(person.run_dir) != [])
    finally:
        person.close()
    assert [fields["value"] for _, _, fields in published(person.run_dir)] == [0.1, 0.15, 0.5]


def test_a_run_without_steering_says_how_to_have_it(tmp_path: Path) -> None:
    run = Run(tmp_path, "gail.yaml", "budget:=49152", "episodes:=2")
    run.until((run.run_dir / "checkpoints" / "learner.checkpoint").exists)
    assert "start it with steering:=true" in ask(run, "param", "set", "learner", "clip", "0.1")
    os.kill(run.process.pid, signal.SIGKILL)
    run.process.wait()


@pytest.mark.slow
def test_a_steering_node_that_changes_nothing_changes_nothing(tmp_path: Path) -> None:
    words = ("gail.yaml", "budget:=8192", "episodes:=2")
    digests = {finished(folder(tmp_path / name), *words, f"steering:={name}").digest for name in ("true", "false")}
    assert len(digests) == 1


@pytest.mark.parametrize("kind", [*subclasses(Node)], ids=lambda kind: kind.__name__)
def test_what_may_change_is_a_setting_of_the_node(kind: type[Node]) -> None:
    fields = {field.name for field in dataclasses.fields(kind.Settings)} if kind.Settings else set()
    assert kind.steerable and set(kind.steerable) <= fields | parameters(kind).keys()
