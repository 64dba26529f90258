"""People who teach and take over by a page, in a real Chromium."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.parts.chromium import Visitor, chromium
from tests.parts.rigs import running
from tests.parts.run_cli import Run
from tutelage.messages import Action, Command, Order, Safety
from tutelage.recording import Reader
from tutelage.teaching.formats.takes import takes

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PATIENT = "device:={hold: 2.0}"
"""a busy machine stalls a browser"""

LIVE = (
    *("gail.yaml", "live:=true", "operator:=browser", "env:=CartPole-v1", "speed:=0.5"),
    *("budget:=8192", "rollouts_each:=2", "episodes:=3", PATIENT),
)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def drive(visitor: Visitor, number: int, key: str) -> None:
    """One episode, to its end: whoever leans to one side falls."""
    visitor.hold(key)
    visitor.press("Space")
    visitor.sees(f"episode {number} is over after")
    visitor.let_go(key)


def test_an_episode_is_driven_kept_and_learned_from(tmp_path: Path, browser: Browser) -> None:
    run = Run(tmp_path, *LIVE)
    try:
        visitor = Visitor(browser, run)
        visitor.sees("the learner waits for the first kept episode")
        drive(visitor, 0, "ArrowRight")
        visitor.press("d")
        visitor.sees("episode 0 discarded")
        drive(visitor, 1, "ArrowLeft")
        visitor.press("k")
        visitor.sees("episode 1 kept")
        visitor.sees("learner: 1 demonstration   [0-9,]+ steps")
        visitor.sees("rollout/ep_rew_mean", "#app")
        visitor.shot("teach.png")
        visitor.press("q")
        visitor.sees("finished: 1 of 2 episodes kept")
        run.wait()
        assert run.process.returncode == 0 and not visitor.errors, run.output
    finally:
        run.kill()
    assert run.report["demonstrations"] == 1 and run.report["environment_steps"] == 8192
    made = [said.take for said in takes(next(run.run_dir.rglob("*.mcap"))).takes]
    assert [(take.verdict, take.device, {*take.action.tolist()}) for take in made] == [
        ("discarded", "browser", {1}), ("kept", "browser", {0}),
    ]  # fmt: skip


def idle(folder: Path) -> Path:
    """The folder of a run whose policy leaves a pendulum hanging."""
    folder.mkdir()
    shapes = {"policy.0": (1, 3), "policy.1": (1, 1), "policy.2": (1, 1)}
    tensors = {f"{name}.weight": np.zeros(shape, np.float32) for name, shape in shapes.items()}
    tensors |= {f"{name}.bias": np.zeros(1, np.float32) for name in shapes}
    tensors |= {"observation.mean": np.zeros(3, np.float32), "observation.scale": np.ones(3, np.float32)}
    save_file(tensors | {"policy.log_std": np.zeros(1, np.float32)}, folder / "weights.safetensors")
    return folder


def test_a_page_takes_over_gives_back_and_lets_go_when_it_is_closed(tmp_path: Path, browser: Browser) -> None:
    with running("pendulum", "serial", tmp_path) as rig:
        words = [f"policy:={idle(tmp_path / 'policy')}", "operator:=browser", "record:=true", "patience:=0", PATIENT]
        run = Run(tmp_path, "hardware.yaml", f"robot:={rig.file(tmp_path)}", *words)
        try:
            visitor = Visitor(browser, run)
            visitor.sees("the policy drives")
            visitor.sees("robot MOVING")
            visitor.press("g")
            visitor.sees("YOU DRIVE")
            visitor.hold("ArrowLeft")
            visitor.page.wait_for_timeout(500)
            visitor.let_go("ArrowLeft")
            visitor.press("g")
            visitor.sees("given back")
            visitor.press("Space")
            visitor.sees("robot STOPPED: ordered to stop")
            visitor.shot("robot.png")
            visitor.press("r")
            visitor.sees("robot MOVING")
            other = Visitor(browser, run)
            visitor.press("g")
            other.sees("YOU DRIVE")
            visitor.hold("ArrowLeft")
            visitor.page.wait_for_timeout(500)
            visitor.page.close()
            other.sees("robot STOPPED: ordered to stop")
            other.sees("the policy drives")
            run.process.send_signal(signal.SIGINT)
            run.wait()
        finally:
            run.kill()
    said = [message for _, message in Reader(run.run_dir / "recording.mcap").of(Action, Command, Order, Safety)]
    orders = [message.order for message in said if isinstance(message, Order)]
    once = ["take over", "give back", "stop", "arm", "give back"]
    assert orders == [*once, "take over", "stop", "give back"]
    stopped = max(i for i, one in enumerate(said) if isinstance(one, Safety) and one.state == "stopped")
    torques = [one.applied[0] for one in said[:stopped] if isinstance(one, Command) and one.actor == "human"]
    assert max(torques) > 1.5
    assert not [one for one in said[stopped:] if isinstance(one, Command) and one.applied.any()]
