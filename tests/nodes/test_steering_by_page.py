"""A person who teaches a run, looks at it and steers it by its pages, in a real Chromium."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.nodes.test_teaching_by_page import PATIENT, drive
from tests.parts.chromium import SECONDS, Visitor
from tests.parts.run_cli import Run
from tutelage.observers.steered import published

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WORDS = (
    *("gail.yaml", "operator:=browser", "live:=true", "env:=CartPole-v1", "speed:=0.5", "rollouts_each:=8", PATIENT),
    *("dashboard:=true", "steering:=true", "budget:=10000000", "episodes:=2"),
)


def entropy(visitor: Visitor) -> float:
    """What the newest point of the curve says, of two actions: at most ln 2, .693."""
    return float(
        visitor.page.locator("#curves figure", has_text="entropy of the policy").locator("b").first.inner_text()
    )


def seen(visitor: Visitor, there: Callable[[], bool]) -> None:
    """Waits until it is so."""
    deadline = time.monotonic() + SECONDS
    while not there():
        assert time.monotonic() < deadline, visitor.page.locator("body").inner_text()
        visitor.page.wait_for_timeout(100)


@pytest.mark.slow
def test_a_run_is_taught_watched_steered_and_ended_by_its_pages(tmp_path: Path, browser: Browser) -> None:
    run = Run(tmp_path, *WORDS)
    try:
        teacher, visitor = Visitor(browser, run), Visitor(browser, run, desk=False)
        page = visitor.page
        page.on("dialog", lambda dialog: dialog.accept())
        drive(teacher, 0, "ArrowRight")
        teacher.press("k")
        teacher.sees("learner: 1 demonstration   [0-9,]+ steps")
        visitor.sees("1 demonstration", "#figures")
        visitor.sees("return [0-9]+, [0-9]+ steps", "#episodes button")
        teacher.press("q")

        line = page.locator(".chart .line").first
        drawn = line.get_attribute("d")
        seen(visitor, lambda: line.get_attribute("d") != drawn)
        visitor.sees("random actions", "#curves")
        page.locator("#episodes button").first.click()
        visitor.sees("#", "#replay pre")

        before = run.nodes()["simulator"]
        page.locator("#nodes summary", has_text="simulator").first.click()
        page.get_by_label("restart simulator", exact=True).click()
        visitor.sees("simulator is restarted from its last checkpoint", "#notice-of-page")
        run.until(lambda: run.nodes().get("simulator", before) != before)
        visitor.sees("running, 1 restart", '#graph [data-node="simulator"]')

        seen(visitor, lambda: entropy(visitor) < 0.5)  # it imitates one push, always to the same side
        page.get_by_label("learner: entropy weight").first.fill("1")
        page.keyboard.press("Enter")
        visitor.sees("learner: entropy_weight is 1 from rollout", "#notice-of-page")
        run.until((run.run_dir / "steered-steering.jsonl").exists)
        seen(visitor, lambda: entropy(visitor) > 0.55)
        page.locator("#nodes summary", has_text="simulator").first.click()
        page.get_by_role("button", name="close").click()
        page.set_viewport_size({"width": 1100, "height": 1500})
        page.evaluate("scrollTo(0, 0)")
        visitor.sees("^$", "#notice-of-page")
        visitor.shot("dashboard.png")
        page.get_by_role("button", name="end the run").click()
        visitor.sees("the run ends in good order", "#notice-of-page")
        run.wait()
        visitor.sees("not connected", "#link")
    finally:
        run.kill()
    (change,) = published(run.run_dir)
    assert change[2] == {"node": "learner", "setting": "entropy_weight", "value": 1.0}
    assert not visitor.errors and not teacher.errors
