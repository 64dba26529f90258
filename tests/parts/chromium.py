"""People at pages: a real Chromium without a window, and pages of a run in it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.parts.run_cli import Run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SECONDS = 30
SHOTS = "TUTELAGE_SCREENSHOTS"
"""the folder into which screenshots are saved, if this variable of the environment names one"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of this machine; without one the test is skipped."""
    api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        pytest.skip("there is no Chromium on this machine")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def address(run: Run, page: str) -> str:
    """What a run has printed for people to open: `the page`, or `the page to drive`."""
    printed = re.compile(rf"{page}: (http://127\.0\.0\.1:\d+/\?token=\S+)")
    run.until(lambda: printed.search(run.output))
    return printed.findall(run.output)[0]


class Visitor:
    """Somebody at a page of a run."""

    def __init__(self, browser: Browser, run: Run, desk: bool = True, **context: Any) -> None:
        self.page: Page = browser.new_page(viewport={"width": 1100, "height": 900}, **context)
        self.page.set_default_timeout(1000 * SECONDS)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(address(run, "the page to drive" if desk else "the page"))
        self.page.wait_for_selector("body.connected" if desk else "#figures div", state="attached")

    def sees(self, text: str, part: str = "#desk") -> None:
        """Waits until it stands there: a text, as a regular expression."""
        expects = self.page.locator(part).filter(has_text=re.compile(text))
        expects.first.wait_for(state="attached")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def hold(self, key: str) -> None:
        self.page.keyboard.down(key)

    def let_go(self, key: str) -> None:
        self.page.keyboard.up(key)

    def shot(self, name: str) -> None:
        """Saves a screenshot for the documentation, where it is wanted."""
        if folder := os.environ.get(SHOTS):
            self.page.screenshot(path=Path(folder) / name)
