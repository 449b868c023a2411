"""Every page and every control of the viewer in a real Chromium, over a season of 57 rounds.

With ``TRON_SHOTS`` set to a folder, a picture of each page at each size is left there.
"""

import base64
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from arena.bench_season import Season, populate
from arena.records import GameFilter, GameKind
from arena.settings import load_settings
from arena.storage import open_storage
from replays.format import decode
from replays.frames import frame
from replays.playback import Playback
from tests.web import stocked
from tests.web.chromium import PATIENCE_MS, chromium, hear, keep_what_is_said, tab
from tests.web.site import Site, serving
from tron_env.types import CellKind
from web import cards
from web.viewer import analysis_of

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_MS)

SEASON = Season(submissions=57 * 40, games=28_000, replays=40)
"""57 rounds of 48 or more entrants."""
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
MOST_KILOBYTES = 150
"""Compressed, without fonts and pictures."""
KILOBYTES = """() => [
    ...performance.getEntriesByType("navigation"),
    ...performance.getEntriesByType("resource"),
].filter(({ name }) => !/\\.(woff2|png|gif|svg)$/.test(name.split("?")[0]))
    .reduce((sum, { encodedBodySize }) => sum + encodedBodySize / 1000, 0)"""
STICKS_OUT = """() => [...document.querySelectorAll("body *")]
    .filter((each) => !each.closest(".scroll, .unseen, canvas, pre, details:not([open]) > ul"))
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
    .map((each) => each.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("home")
    with open_storage(load_settings({"TRON_HOME": str(home)})) as storage:
        populate(storage, SEASON)
        stocked.add_human_game(storage)
    with serving(home) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def telling(site: Site) -> int:
    """A duel's game with a mistake whose better move is known."""
    storage = site.services.storage
    for game in storage.search_games(GameFilter(kind=GameKind.DUEL), limit=200):
        encoded = storage.replay(game.id)
        assert encoded is not None
        if any(mark["better"] is not None for mark in analysis_of(encoded, game.names)["marks"]):
            return game.id
    raise AssertionError("no game of the season has a mistake")


def addresses(site: Site, game: int) -> list[str]:
    champion = site.services.storage.champion()
    assert champion is not None
    return [
        *("/", "/play", "/rounds", "/rounds/57", "/rounds/57?from=20", "/rounds/58", "/duels/1"),
        *("/replays", "/replays?name=nobody", f"/replays/{game}?ply=5", f"/replays/{game}/embed"),
        *(f"/models/{champion.sha256}", "/live", "/players", "/submit"),
        *("/learn", "/api", "/nowhere"),
    ]


def shoot(page: Page, address: str, name: str) -> None:
    folder = os.environ.get("TRON_SHOTS")
    if folder:
        stem = re.sub(r"\W+", "-", address).strip("-")[:40] or "home"
        page.screenshot(path=Path(folder) / f"{stem}-{name}.png")


@pytest.mark.parametrize(
    ("size", "theme"),
    [("desktop", "dark"), ("tablet", "light"), ("phone", "dark"), ("sideways", "light")],
)
def test_every_page_is_whole_accessible_and_keeps_to_itself(
    site: Site, browser: Browser, telling: int, size: str, theme: str
):
    found: dict[str, list[object]] = {}
    with tab(browser, site.url, size, theme) as shown:
        page = shown.page
        # Names that fade in have no contrast yet.
        page.emulate_media(reduced_motion="reduce")
        for address in addresses(site, telling):
            page.goto(address)
            page.wait_for_load_state("load")
            shoot(page, address, f"{size}-{theme}")
            assert page.evaluate(STICKS_OUT) == [], address
            assert page.evaluate(KILOBYTES) <= MOST_KILOBYTES, address
            page.evaluate(AXE.read_text(encoding="utf-8"))
            told = page.evaluate(
                """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
                    .filter(({ impact }) => impact === "serious" || impact === "critical")
                    .map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html }) => html)])"""
            )
            if told:
                found[address] = told
    assert found == {}


def at_ply(page: Page, ply: int) -> None:
    expect(page.locator("[data-ply-out]")).to_have_text(str(ply))
    expect(page.locator("[data-board]")).to_have_attribute("data-ply", str(ply))


@pytest.mark.parametrize("size", ["desktop", "tablet", "phone"])
def test_every_control_of_the_viewer_does_what_it_says(
    site: Site, browser: Browser, telling: int, size: str
):
    storage = site.services.storage
    game = storage.game(telling)
    assert game is not None
    with tab(browser, site.url, size) as shown:
        page = shown.page
        page.goto(f"/replays/{telling}?ply=3")
        at_ply(page, 3)

        def press(name: str) -> None:
            page.locator(f"[data-do={name}]").click()

        press("on")
        at_ply(page, 4)
        page.wait_for_url("**?ply=4")
        press("back")
        at_ply(page, 3)
        press("last")
        at_ply(page, game.plies)
        press("first")
        at_ply(page, 0)
        press("speed")
        expect(page.locator("[data-do=speed]")).to_have_text("2\N{MULTIPLICATION SIGN}")
        for name in ("loop", "territory"):
            button = page.locator(f"[data-do={name}]")
            expect(button).to_have_attribute("aria-pressed", "false")
            press(name)
            expect(button).to_have_attribute("aria-pressed", "true")
        press("play")  # in a loop, which has no end before somebody has looked
        expect(page.locator("[data-do=play]")).to_have_attribute("aria-label", "Pause")
        page.wait_for_function("() => document.querySelector('[data-board]').dataset.ply > 2")
        press("play")
        expect(page.locator("[data-do=play]")).to_have_attribute("aria-label", "Play")
        press("loop")

        sentence = page.locator("[data-story] a").last
        sentence.click()
        at_ply(page, int(sentence.get_attribute("data-ply") or -1))
        expect(sentence).to_have_attribute("data-now", "")
        mark = page.locator(".mark").first
        mark.dispatch_event("click")
        at_ply(page, int(mark.get_attribute("data-ply") or -1))
        graph = page.locator("[data-graph=territory]")
        graph.click(position={"x": 0, "y": 10})
        at_ply(page, 0)
        page.locator("[data-graph=value]").click(position={"x": 30, "y": 10})
        expect(page.locator("[data-ply-out]")).not_to_have_text("0")

        sizes = page.locator(".mark").evaluate_all(
            "marks => marks.map((mark) => [mark.offsetWidth, mark.offsetHeight])"
        )
        assert sizes == [[24, 24]] * len(sizes)
        better = page.locator(".mark.cross").first
        better.dispatch_event("click")
        expect(page.locator("[data-note]")).to_contain_text("was better")
        press("help")
        expect(page.locator("[data-help]")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("[data-help]")).to_be_hidden()

        told = page.locator(".facts .outcome [data-ply]")
        told.click()
        at_ply(page, int(told.get_attribute("data-ply") or -1))

        menu = page.locator("details.more")
        menu.locator("summary").click()
        expect(menu.get_by_role("link").first).to_be_visible()
        page.keyboard.press("Escape")
        expect(menu.get_by_role("link").first).to_be_hidden()
        expect(menu.locator("summary")).to_be_focused()
        menu.locator("summary").click()
        page.locator("h1").click()
        expect(menu.get_by_role("link").first).to_be_hidden()

        press("council")
        expect(page.locator("[data-council-table] tbody tr")).to_have_count(5)
        expect(page.locator("[data-council-note]")).to_contain_text("ranks the move")

        page.locator("[data-step]").first.click()
        page.wait_for_url(lambda url: f"/replays/{telling}" not in url)


def test_a_moment_is_shared_with_the_ply_in_its_address(site: Site, browser: Browser, telling: int):
    with tab(browser, site.url) as shown:
        page = shown.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"/replays/{telling}?ply=3")
        page.keyboard.press("ArrowRight")
        keep_what_is_said(page, ".acts [data-do=copy]")
        keep_what_is_said(page, "[data-note]")
        page.get_by_role("button", name="Share ply 4").click()
        hear(page, "A link to ply 4 is copied")
        hear(page, "Copied")
        address = page.evaluate("() => navigator.clipboard.readText()")
        assert address == f"{site.url}/replays/{telling}?ply=4"
        expect(page.get_by_role("button", name="Share ply 4")).to_be_visible()
        page.goto(address)
        at_ply(page, 4)


def test_scrubbing_changes_the_address_once_and_not_at_every_step(
    site: Site, browser: Browser, telling: int
):
    with tab(browser, site.url) as shown:
        page = shown.page
        page.goto(f"/replays/{telling}?ply=0")
        at_ply(page, 0)
        page.evaluate(
            """() => {
                window.changes = 0;
                const replace = history.replaceState.bind(history);
                history.replaceState = (...said) => { window.changes += 1; replace(...said); };
            }"""
        )
        page.locator("[data-scrubber]").evaluate(
            """scrubber => {
                for (let ply = 1; ply <= 9; ply += 1) {
                    scrubber.value = String(ply);
                    scrubber.dispatchEvent(new Event("input", { bubbles: true }));
                }
            }"""
        )
        page.wait_for_url("**?ply=9")
        assert page.evaluate("() => window.changes") == 1


def test_the_viewer_says_that_no_territory_came_and_tries_again(
    site: Site, browser: Browser, telling: int
):
    with tab(browser, site.url) as shown:
        page = shown.page
        page.route("**/territory", lambda route: route.fulfill(status=404))
        page.goto(f"/replays/{telling}?ply=3")
        keep_what_is_said(page, "[data-note]")
        page.keyboard.press("t")
        hear(page, "could not be fetched")
        expect(page.locator("[data-do=territory]")).to_have_attribute("aria-pressed", "false")
        page.unroute("**/territory")
        page.keyboard.press("t")
        expect(page.locator("[data-do=territory]")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("[data-note]")).to_be_hidden()


def test_a_touch_screen_held_sideways_has_the_pad_beside_a_whole_board(
    site: Site, browser: Browser
):
    with tab(browser, site.url, "sideways") as shown:
        page = shown.page
        page.goto("/play")
        board, pad = (page.locator(each).bounding_box() for each in ("[data-board]", ".pad"))
        assert board is not None
        assert pad is not None
        assert board["x"] >= 0
        assert pad["x"] >= board["x"] + board["width"]
        assert pad["y"] + pad["height"] <= 820


def test_an_empty_live_page_shows_a_board_and_no_alarm(site: Site, browser: Browser):
    with tab(browser, site.url) as shown:
        page = shown.page
        page.goto("/live")
        expect(page.locator("[data-notice]")).to_contain_text("Nobody rides")
        expect(page.locator("[data-notice]")).to_have_class("notice calm")
        expect(page.locator("[data-hud]")).to_be_hidden()
        lit = "board => board.getContext('2d').getImageData(0, 0, 64, 64).data.some(Boolean)"
        assert page.locator("[data-board]").evaluate(lit)


def test_the_viewer_is_ridden_by_keys_alone(site: Site, browser: Browser, telling: int):
    with tab(browser, site.url) as shown:
        page = shown.page
        page.goto(f"/replays/{telling}?ply=0")
        at_ply(page, 0)
        for key, ply in (("ArrowRight", 1), ("PageUp", 11), ("PageDown", 1), ("ArrowLeft", 0)):
            page.keyboard.press(key)
            at_ply(page, ply)
        page.keyboard.press("End")
        page.keyboard.press("Home")
        at_ply(page, 0)
        page.keyboard.press("]")
        first = page.evaluate("() => Number(document.querySelector('.mark').dataset.ply)")
        marked = page.evaluate(
            "() => Math.min(...[...document.querySelectorAll('.mark')]"
            ".map(({ dataset }) => Number(dataset.ply)).filter((ply) => ply > 0))"
        )
        at_ply(page, marked)
        assert first <= marked
        page.keyboard.press("t")
        expect(page.locator("[data-do=territory]")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("ArrowUp")
        expect(page.locator("[data-do=speed]")).to_have_text("2\N{MULTIPLICATION SIGN}")
        page.keyboard.press("?")
        expect(page.locator("[data-help]")).to_be_visible()


def test_the_site_is_walked_by_keys_alone(site: Site, browser: Browser):
    with tab(browser, site.url) as shown:
        page = shown.page
        page.goto("/rounds/57")

        def reach(selector: str) -> None:
            for _ in range(60):
                page.keyboard.press("Tab")
                if page.evaluate("s => document.activeElement.matches(s)", selector):
                    return
            raise AssertionError(f"no {selector} within 60 tabs")

        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.keyboard.press("Enter")
        reach(".standings a")
        page.keyboard.press("Enter")
        page.wait_for_url("**/models/*")
        reach("a.thumb")
        page.keyboard.press("Enter")
        page.wait_for_url("**/replays/*")
        page.wait_for_selector("[data-board][data-ply]")


def test_the_whole_cross_table_is_drawn_and_opens_duels(site: Site, browser: Browser):
    with tab(browser, site.url) as shown:
        page = shown.page
        page.goto("/rounds/57")
        heat = page.locator("canvas[data-heat]")
        heat.scroll_into_view_if_needed()
        expect(heat).to_have_attribute("data-loaded", str(SEASON.entrants(57)))
        heat.focus()
        for key in ("ArrowDown", "ArrowDown", "ArrowLeft"):
            page.keyboard.press(key)
        expect(heat).to_have_attribute("data-at", "3,1")
        expect(page.locator("[data-heat-pair]")).to_contain_text("of the points")
        page.keyboard.press("Enter")
        page.wait_for_url("**/duels/*")


def test_a_theme_is_chosen_and_kept(site: Site, browser: Browser):
    with tab(browser, site.url) as shown:
        page = shown.page
        page.goto("/learn")
        ground = "() => getComputedStyle(document.documentElement).backgroundColor"
        dark = page.evaluate(ground)
        switch = page.locator("[data-do=theme]")
        switch.click()
        switch.click()
        light = page.evaluate(ground)
        assert light != dark
        page.goto("/rounds")
        assert page.evaluate(ground) == light
        expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_the_phone_s_menu_leads_everywhere(site: Site, browser: Browser):
    with tab(browser, site.url, "phone") as shown:
        page = shown.page
        page.goto("/")
        expect(page.locator("#menu")).to_be_hidden()
        page.get_by_role("button", name="Menu").tap()
        page.locator("#menu").get_by_role("link", name="Learn").tap()
        page.wait_for_url("**/learn")


def test_the_browser_draws_what_the_renderer_draws(site: Site, browser: Browser, telling: int):
    """Cell by cell, also in the picture that links show: ground, or the light of the same rider."""
    encoded = site.services.storage.replay(telling)
    assert encoded is not None
    playback = Playback(decode(encoded))
    ply = playback.plies // 2
    state = playback.state(ply)
    with tab(browser, site.url) as shown:
        page = shown.page
        page.emulate_media(reduced_motion="reduce")
        page.goto(f"/replays/{telling}?ply={ply}")
        at_ply(page, ply)
        page.keyboard.press("b")
        page.wait_for_timeout(100)
        data = page.locator("[data-board]").evaluate("board => board.toDataURL()")
        drawn = Image.open(io.BytesIO(_bytes_of(data)))
        preview = page.request.get(f"/replays/{telling}/card.png?ply={ply}").body()
    cells = state.cells[1:-1, 1:-1]
    painted = _riders(np.asarray(drawn.convert("RGB")), margin=0.7, cells=30)
    rendered = _riders(frame(playback, ply, 16), margin=1.0, cells=30)
    with Image.open(io.BytesIO(preview)) as whole:
        assert whole.size == cards.SIZE
        top = (cards.SIZE[1] - cards.BOARD_PX) // 2
        right, bottom = cards.MARGIN + cards.BOARD_PX, top + cards.BOARD_PX
        board = whole.crop((cards.MARGIN, top, right, bottom)).convert("RGB")
    previewed = _riders(np.asarray(board), margin=1.0, cells=30)
    heads = {(head.row - 1, head.col - 1) for head in state.heads}
    for row, col in np.ndindex(30, 30):
        if (row, col) in heads:
            continue  # both draw a bright wedge there, of no rider's colour
        kind = int(cells[row, col])
        expected = kind - CellKind.TRAIL_0 if kind >= CellKind.TRAIL_0 else None
        assert rendered[row][col] == expected, (row, col)
        assert painted[row][col] == expected, (row, col)
        assert previewed[row][col] == expected, (row, col)


def _bytes_of(data_url: str) -> bytes:
    return base64.b64decode(data_url.split(",", 1)[1])


def _riders(picture: np.ndarray, *, margin: float, cells: int) -> list[list[int | None]]:
    """Return whose light the middle of each cell shows, None for ground."""
    side = picture.shape[1] / (cells + 2 * margin)

    def rider(row: int, col: int) -> int | None:
        y, x = (margin + row + 0.5) * side, (margin + col + 0.5) * side
        near = picture[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3].reshape(-1, 3)
        red, _, blue = np.median(near, axis=0)
        if max(red, blue) < 90:
            return None
        return 0 if blue > red else 1

    return [[rider(row, col) for col in range(cells)] for row in range(cells)]
