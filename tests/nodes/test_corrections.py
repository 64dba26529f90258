"""Learning from what a person corrects, while the robot goes on: rig.yaml and hardware.yaml with learn:=true."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.nodes.test_robot_faults import balancing
from tests.parts.episodes import driven, record
from tests.parts.episodes import take as recorded
from tests.parts.rigs import ROOT
from tests.parts.run_cli import finished
from tutelage.codec import pack_state, unpack_state
from tutelage.input.problems import Refusal
from tutelage.messages import Action, Metrics, Take, Weights
from tutelage.nodes.correction_learner import CorrectionLearner
from tutelage.nodes.policy import LivePolicy
from tutelage.recording import Reader
from tutelage.teaching.formats import files
from tutelage.teaching.formats.trajectory import Demonstrations

ROBOT = ROOT / "launch/robots/cartpole_serial.yaml"


@pytest.fixture
def told(tmp_path: Path) -> dict[str, Any]:
    """A policy, and the file that it was learned from: 30 steps."""
    files.write(str(tmp_path / "few.npz"), Demonstrations([driven("CartPole-v1", 0, 30)], "CartPole-v1"), "npz")
    return {"policy": str(balancing(tmp_path / "policy")), "demonstrations": str(tmp_path / "few.npz")}


def take(number: int) -> Take:
    one, steps = driven("CartPole-v1", number, 20), 20
    rewards, when = np.ones(steps, np.float32), np.arange(steps + 1)
    action, ends = one.action.astype(np.int64), (one.terminated, one.truncated)
    return Take(
        number, 0, number, "kept", one.observation, action, rewards, *ends, when, when[1:], "ann", "keyboard", 0
    )


def learned(node: CorrectionLearner) -> dict[str, float]:
    """What it measures when it has learned from all that has come."""
    weights, metrics = node.tick()
    assert isinstance(weights, Weights) and isinstance(metrics, Metrics) and weights.policy_version == node.version
    return metrics.values


def test_all_kept_interventions_are_cloned_with_the_demonstrations_and_discarded_ones_forgotten(
    told: dict[str, Any],
) -> None:
    node = CorrectionLearner(str(ROBOT), epochs=2, **told)
    (first,) = node.start()
    assert (
        isinstance(first, Weights)
        and first.tensors.tobytes() == (Path(told["policy"]) / "weights.safetensors").read_bytes()
    )
    assert node.due() == float("inf") and list(node.tick()) == []
    for number in (0, 1):
        node.hear(take(number))
    assert node.due() > time.monotonic()  # so that two that come together are learned from together
    assert learned(node) | {"dagger/corrections": 2.0, "dagger/corrected_steps": 40.0} == learned_again(node)
    node.hear(take(1).reversed())
    assert learned(node)["dagger/corrected_steps"] == 20
    assert node.version == 2
    last = list(node.finish())[-1]
    assert isinstance(last, Weights) and last.final and last.stop and last.policy_version == 2


def learned_again(node: CorrectionLearner) -> dict[str, float]:
    """The same data give the same weights' measurements for the same version."""
    node.version -= 1
    node.behind = True
    return learned(node)


def test_without_a_kept_episode_it_is_refused(tmp_path: Path, told: dict[str, Any]) -> None:
    record(tmp_path / "discarded.mcap", [recorded("CartPole-v1", driven("CartPole-v1", 0, 30), "discarded")])
    what = "holds no kept episode: with interventions alone the policy would forget all else"
    with pytest.raises(Refusal, match=what):
        CorrectionLearner(str(ROBOT), **{**told, "demonstrations": str(tmp_path / "discarded.mcap")})


def test_it_comes_back_with_its_corrections(told: dict[str, Any]) -> None:
    node, again = (CorrectionLearner(str(ROBOT), epochs=2, **told) for _ in range(2))
    node.hear(take(0))
    list(node.tick())
    node.hear(take(1))
    again.load(unpack_state(pack_state(node.state())))
    assert (again.version, again.file, again.behind) == (1, node.file, True)
    assert learned(again) == learned(node) and again.file == node.file


def test_a_live_policy_without_weights_gives_no_answer() -> None:
    from tutelage.messages import Observation

    assert list(LivePolicy().hear(Observation(0, 0, observation=np.zeros((1, 4), np.float32)))) == []


@pytest.mark.slow
def test_the_robot_is_driven_by_what_was_learned_meanwhile(tmp_path: Path, told: dict[str, Any]) -> None:
    words = [f"{name}:={value}" for name, value in told.items()]
    more = ("operator:=tests.parts.helping_hand:HelpingHand", "learn:=true", "seconds:=15", f"link:={tmp_path / 'rig'}")
    run = finished(tmp_path, "rig.yaml", *words, *more, "protocol:=serial", "record:=true")
    said = [message for _, message in Reader(run.run_dir / "recording.mcap").of(Action)]
    versions = [message.policy_version for message in said if isinstance(message, Action)]
    assert versions[0] == 0 and -1 in versions and max(versions) > 0  # -1: the operator's
    assert (run.run_dir / "weights.safetensors").exists() and run.report["deadlines_missed"] < 75
