"""A browser for people at pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.parts.chromium import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def started() -> Iterator[Browser]:
    """It takes two seconds to start."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def browser(started: Browser) -> Iterator[Browser]:
    """A real Chromium, in which nobody has left a page open."""
    yield started
    for context in started.contexts:
        context.close()
