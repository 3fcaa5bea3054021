"""The dashboard of a real daemon in headless Chromium; EDGE_RUNTIME_SCREENSHOTS=1 puts the pictures into docs/."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browser import chromium
from support.running import Running
from support.waiting import DEADLINE_S

playwright = pytest.importorskip("playwright.sync_api")
DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as (started, _):
        yield started


@pytest.fixture
def page(browser: Any, running: Running) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1360, "height": 1010}, color_scheme="light")
    context.set_default_timeout(1000 * DEADLINE_S)
    made = context.new_page()
    complaints: list[str] = []
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    asked: list[str] = []
    made.on("request", lambda request: asked.append(request.url))
    made.goto(running.url + "/")
    yield made
    context.close()
    assert complaints == []
    assert all(url.startswith(running.url) for url in asked), "nothing is fetched from elsewhere"


def shoot(page: Any, name: str, folder: Path) -> None:
    target = DOCS if os.environ.get("EDGE_RUNTIME_SCREENSHOTS") else folder
    page.screenshot(path=str(target / f"{name}.png"), full_page=True)
    assert (target / f"{name}.png").stat().st_size > 10_000


def test_the_page_shows_what_the_device_does(page: Any, running: Running, tmp_path: Path) -> None:
    expect = playwright.expect
    expect(page.locator("#device")).to_have_text("press-7")
    expect(page.locator("#health")).to_have_text("ready")
    # Cases turn every quarter of a second, and `expect` looks twice a second: it may see one of them only.
    for name in ("calm", "wild"):
        page.wait_for_function("name => document.getElementById('prediction').textContent === name", arg=name)
    expect(page.locator("#channels")).to_contain_text("x")
    expect(page.locator("#features .bar")).to_have_count(8)
    expect(page.locator("#accuracy")).to_contain_text("%")
    expect(page.locator("#links")).to_have_text("1 of 1 links down")
    expect(page.locator("#sinks tr")).to_have_count(2)
    expect(page.locator("#sinks td[data-name='queued']")).not_to_have_text("0")
    cells = page.locator("#sinks tr").filter(has_text="mqtt").locator("td")
    told = {cell.get_attribute("data-name"): cell.inner_text() for cell in cells.all()}
    assert told["queued"] != "0"
    assert told["waiting"] != "0"
    assert (told["sent"], told["acknowledged"]) == ("0", "0"), "its broker was never there"
    page.wait_for_function(
        "() => { const c = document.getElementById('signals');"
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n > 3000; }"
    )
    running.wait_for(lambda s: s["pipelines"]["vibration"]["serving"] != "frozen")
    expect(page.locator("#serving")).not_to_have_text("frozen")
    page.wait_for_timeout(3000)
    shoot(page, "dashboard", tmp_path)


def test_a_person_can_label_and_roll_back(page: Any, running: Running) -> None:
    expect = playwright.expect
    button = page.get_by_role("button", name="calm")
    expect(button).to_be_enabled()
    button.click()
    expect(page.locator("#note")).to_contain_text("was calm: ")
    running.wait_for(lambda s: s["pipelines"]["vibration"]["serving"] != "frozen")
    roll_back = page.get_by_role("button", name="Roll back")
    expect(roll_back).to_be_enabled()
    roll_back.click()
    expect(page.locator("#note")).to_have_text("frozen serves now.")
    expect(page.locator("#log")).to_contain_text("roll back: frozen serves")


def test_the_page_fits_a_telephone(browser: Any, running: Running, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    context.set_default_timeout(1000 * DEADLINE_S)
    page = context.new_page()
    page.goto(running.url + "/")
    playwright.expect(page.locator("#health")).to_have_text("ready")
    page.wait_for_timeout(1500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shoot(page, "dashboard_telephone", tmp_path)
    context.close()
