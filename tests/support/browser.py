"""A headless Chromium for tests of the page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from support.waiting import DEADLINE_S

__all__ = ["chromium"]


@contextmanager
def chromium() -> Iterator[tuple[Any, Any]]:
    """Start the browser, and give it with Playwright's `expect`; where there is none, the test is skipped."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is missing: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        playwright.expect.set_options(timeout=1000 * DEADLINE_S)
        yield browser, playwright.expect
        browser.close()
