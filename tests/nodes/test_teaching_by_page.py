"""People who teach and take over by a page, in a real Chromium."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.parts.chromium import Visitor
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
        wide = visitor.page.locator("#drawn").evaluate("async (it) => (await it.decode(), it.naturalWidth)")
        assert wide == 600  # what CartPole draws
        visitor.press("k")
        visitor.sees("episode 1 kept")
        visitor.sees("learner: 1 demonstration   [0-9,]+ steps")
        visitor.sees("policy, sampled", "#curves")
        visitor.shot("teach.png")
        visitor.press("q")
        visitor.sees("finished: 1 of 2 episodes kept")
        run.wait()
        assert run.process.returncode == 0 and not visitor.errors, run.output
        visitor.sees("the run has ended: `python cli.py dashboard .*run` shows it again")
        visitor.sees("ended", "#link")
        states = visitor.page.locator("#graph .state").all_text_contents()
        assert {state.partition(",")[0] for state in states if state} == {"\u25cf ended"}
        assert "time left" not in visitor.page.locator("#figures").inner_text()
        assert not visitor.page.locator("#end").is_visible()
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
    tensors: dict[str, np.ndarray] = {f"{name}.weight": np.zeros(shape, np.float32) for name, shape in shapes.items()}
    tensors |= {f"{name}.bias": np.zeros(1, np.float32) for name in shapes}
    tensors |= {"observation.mean": np.zeros(3, np.float32), "observation.scale": np.ones(3, np.float32)}
    save_file(tensors | {"policy.log_std": np.zeros(1, np.float32)}, folder / "weights.safetensors")
    return folder


def test_a_page_takes_over_gives_back_and_lets_go_when_it_is_closed(tmp_path: Path, browser: Browser) -> None:
    with running("pendulum", "serial", tmp_path) as rig:
        words = [f"policy:={idle(tmp_path / 'policy')}", "operator:=browser", "record:=true", "patience:=0", PATIENT]
        words += ["episode_steps:=100000"]  # an episode's end gives back, too
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
    torques = [
        one.applied[0]
        for one in said[:stopped]
        if isinstance(one, Command) and one.actor == "human" and one.applied.size
    ]
    assert max(torques) > 1.5
    assert not [one for one in said[stopped:] if isinstance(one, Command) and one.applied.any()]


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Run]:
    """A session that is recorded, of a task that does not end soon."""
    run = Run(tmp_path, "record.yaml", "operator:=browser", "env:=MountainCar-v0", "speed:=1", PATIENT)
    try:
        yield run
    finally:
        run.kill()


@pytest.mark.slow
def test_one_page_has_the_controls_until_another_takes_them(recorded: Run, browser: Browser) -> None:
    ann, bob = Visitor(browser, recorded), Visitor(browser, recorded)
    ann.sees("you have the controls")
    bob.sees("the controls are another's")
    bob.press("Space")
    assert bob.page.locator("#buttons button:enabled").count() == 0
    ann.press("Space")
    for one in (ann, bob):
        one.sees("DRIVING")
    bob.page.get_by_text("take the controls").click()
    bob.sees("you have the controls")
    ann.sees("the controls are another's")
    ann.press("Space")
    bob.press("k")
    ann.sees("episode 0 kept")
    bob.page.close()
    ann.sees("the controls are nobody's")
    ann.page.get_by_text("take the controls").press("Enter")
    ann.sees("you have the controls")
    ann.press("Enter", "q")
    recorded.wait()
    assert "episode 0 kept" in recorded.output and "paused" not in recorded.output


DELAYED = """() => {
  const event = new KeyboardEvent("keydown", { key: "k", code: "KeyK" });
  setTimeout(() => dispatchEvent(event), 500);
}"""
"""a key that a page hears of half a second after it was pressed"""


@pytest.mark.slow
def test_a_page_that_hangs_lets_go_and_plays_nothing_later(tmp_path: Path, browser: Browser) -> None:
    run = Run(tmp_path, "record.yaml", "operator:=browser", "env:=MountainCar-v0", "speed:=0.5", "device:={hold: 1.0}")
    try:
        visitor = Visitor(browser, run)
        visitor.hold("ArrowRight")
        visitor.press("Space")
        visitor.sees("step [1-9]")
        visitor.page.evaluate("setTimeout(() => { for (const end = Date.now() + 4000; Date.now() < end; ); }, 50)")
        visitor.page.wait_for_timeout(500)
        visitor.press("k")  # waits until the page is itself again
        visitor.sees("paused")
        visitor.page.evaluate(DELAYED)
        visitor.page.wait_for_timeout(1000)
        assert "kept" not in run.output
        visitor.let_go("ArrowRight")
        visitor.press("k", "q")
        run.wait()
    finally:
        run.kill()
    (take,) = (said.take for said in takes(next(run.run_dir.rglob("*.mcap"))).takes)
    assert {*take.action.tolist()} == {2} and len(take.action) < 60  # 15 steps a second


@pytest.mark.slow
def test_by_keyboard_alone_on_a_phones_width_in_the_dark(recorded: Run, browser: Browser) -> None:
    visitor = Visitor(browser, recorded, color_scheme="dark")
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert visitor.page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    visitor.page.get_by_text("start, pause").focus()
    visitor.press("Enter")  # presses the button; elsewhere it would keep
    visitor.sees("DRIVING")
    visitor.page.locator("#nodes summary").first.focus()
    visitor.press("Space", "Space")  # opens the row of a node, and closes it again
    visitor.page.locator("#doing").click()
    visitor.page.wait_for_timeout(300)
    visitor.sees("DRIVING")
    stick = visitor.page.locator("#stick").bounding_box()
    assert stick
    visitor.page.mouse.move(stick["x"] + stick["width"] / 2, stick["y"] + stick["height"] / 2)
    visitor.page.mouse.down()
    visitor.page.mouse.move(stick["x"] + stick["width"], stick["y"] + stick["height"] / 2, steps=4)
    visitor.page.wait_for_timeout(500)
    visitor.page.mouse.up()
    visitor.page.wait_for_timeout(500)
    visitor.press("k", "q")
    recorded.wait()
    (take,) = (said.take for said in takes(next(recorded.run_dir.rglob("*.mcap"))).takes)
    assert {*take.action.tolist()} == {1, 2} and take.action[-1] == 1
