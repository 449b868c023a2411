"""A real Chromium against a real server and a real checker: from a name to a verdict."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.arena import graphs
from tests.arena.rivals import rival
from tests.web.site import Site, checking
from tests.web.test_browser import PATIENCE_MS, browser, window

pytestmark = pytest.mark.browser
__all__ = ["browser"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("home")
    with checking(home) as running:
        yield running


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_a_name_a_file_and_its_verdict(browser: Browser, site: Site, tmp_path: Path, phone: bool):
    name = "pocket" if phone else "desk"
    good, bad = tmp_path / "good.onnx", tmp_path / "bad.onnx"
    good.write_bytes(rival(7 if phone else 8))
    bad.write_bytes(graphs.counts_with_random())
    with window(browser, site, phone=phone) as shown:
        page = shown.page
        page.goto("/submit")
        page.fill("#name", name)
        page.get_by_role("button", name="Register the name").click()
        token = page.locator("[data-token]").inner_text()
        page.get_by_role("link", name="I have kept it").click()
        page.set_input_files("#model", good)
        page.get_by_role("button", name="Send it to its checks").click()
        page.wait_for_url("**/submissions/*")
        expect(page.locator(".state-accepted")).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator(".checks li")).to_have_count(13)
        expect(page.locator(".checks .loss")).to_have_count(0)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        expect(page.locator("details.fold .checks")).to_be_hidden()
        lost = page.locator("a.thumb").first
        expect(lost.locator("canvas")).to_have_attribute("data-outcome", "ongoing")
        lost.click()
        expect(page.locator("[data-board]")).to_be_visible()
        page.go_back()
        page.locator(".trial-games a").first.click()
        expect(page.locator("[data-board]")).to_be_visible()
        page.goto("/submit")
        page.get_by_role("button", name="Log out").click()
        page.fill("#token", token)
        page.get_by_role("button", name="Log in").click()
        page.set_input_files("#model", bad)
        page.get_by_role("button", name="Send it to its checks").click()
        page.wait_for_url("**/submissions/*")
        expect(page.locator(".state-rejected")).to_be_visible(timeout=PATIENCE_MS)
        expect(page.get_by_role("alert")).to_contain_text("Operator RandomNormalLike is random")
        page.goto("/submit")
        expect(page.locator(".submission-row")).to_have_count(2)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
