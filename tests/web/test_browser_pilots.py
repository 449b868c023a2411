"""Whole rides in a real Chromium, steered by our own search: what it draws is what is recorded."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.chromium import PATIENCE_MS, chromium, tab
from tests.web.pilots import Pilot
from tests.web.site import Site, serving
from tests.web.slow_line import slow_line
from tests.web.test_browser import (
    ByKeys,
    ByTouch,
    Steer,
    Window,
    assert_drawn_as_recorded,
    recorded,
)

pytestmark = pytest.mark.browser

expect.set_options(timeout=PATIENCE_MS)
MOST_GAMES = 20
BEATABLE = "zoo/ppo-early"
PACE = 0.6
"""Of live play where a game has to be won, whatever else this machine does."""
ADDED_MS = 150.0
RIDES_AFAR = 5
"""By keys, and as many by touch."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("home"), countdown_seconds=1.0) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def pilot_of(page: Page, steer: Steer, **options: Any) -> Pilot:
    shown = Window(page)
    return Pilot(page, lambda action: steer(shown, action), **options)


def ride(site: Site, pilot: Pilot) -> str:
    """Ride one game; hold what the page drew against the record; return the result."""
    end = pilot.ride()
    expect(pilot.page.locator("[data-result]")).to_be_visible()
    if end["result"] != "void":
        assert_drawn_as_recorded(Window(pilot.page).drawn(), recorded(site, pilot.page))
    return str(end["result"])


def ride_in_time(site: Site, pilot: Pilot) -> None:
    """Ride until no turn was refused but one that was on its way while the game ended.

    A busy machine may hold several turns back until they come at once, which are too many.
    """
    for _ in range(MOST_GAMES):
        pilot.refused.clear()
        ride(site, pilot)
        refused = {refusal["code"] for refusal in pilot.refused}
        if "queue_full" not in refused:
            assert refused <= {"unknown_game"}
            return
        pilot.page.locator("[data-do=rematch]").click()
    raise AssertionError("in every game there were too many turns at once")


def win(site: Site, pilot: Pilot) -> None:
    """Ride until a game is won; a busy machine may cost one."""
    for _ in range(MOST_GAMES):
        if ride(site, pilot) == "won":
            return
        pilot.page.locator("[data-do=rematch]").click()
    raise AssertionError("no game was won")


def test_who_beats_a_rung_stands_above_it_and_rides_against_the_next(site: Site, browser: Browser):
    with site.slowed(PACE), tab(browser, site.url) as opened:
        page = opened.page
        pilot = pilot_of(page, ByKeys())
        page.goto("/play")
        rungs = page.locator("[data-rung]")
        names = [str(rungs.nth(at).get_attribute("data-rung")) for at in range(rungs.count())]
        above = names[names.index(BEATABLE) - 1]
        page.goto(f"/play?opponent={BEATABLE}")
        page.get_by_text("8", exact=True).click()
        win(site, pilot)
        beaten = page.locator(f"[data-rung='{BEATABLE}']")
        expect(beaten).to_have_attribute("data-beaten", "")
        expect(page.locator("[data-standing]")).to_contain_text("You sit between")
        page.locator("[data-do=next]").click()
        expect(page.locator(f"[data-rung='{above}']")).to_have_attribute("aria-current", "true")
        expect(page.locator("[data-result]")).to_be_hidden()
        page.reload()
        expect(beaten).to_have_attribute("data-beaten", "")


@pytest.mark.parametrize(
    ("size", "steer", "rides"),
    [
        ("desktop", ByKeys(), 1),
        pytest.param("desktop", ByKeys(), RIDES_AFAR, marks=pytest.mark.proof),
        pytest.param("phone", ByTouch(), RIDES_AFAR, marks=pytest.mark.proof),
    ],
)
def test_from_afar_turns_come_a_ply_later_and_none_is_lost(
    site: Site, browser: Browser, size: str, steer: Steer, rides: int
):
    with slow_line(site.url, ADDED_MS) as url, tab(browser, url, size) as opened:
        pilot = pilot_of(opened.page, steer, ahead=2)
        opened.page.goto("/play?opponent=zoo/wall-hugger")
        for _ in range(rides):
            ride_in_time(site, pilot)
            latency = opened.page.locator("[data-latency]")
            slow = re.compile(r"^(1[5-9]\d|[2-9]\d\d|\d{4,}) ms, over a tick$")
            expect(latency).to_have_text(slow)
            opened.page.locator("[data-do=rematch]").click()
        assert min(pilot.latencies) >= ADDED_MS
