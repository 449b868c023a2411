"""A real Chromium against a real server: what people see is what the server recorded."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from arena.errors import DatabaseAwayError
from arena.records import GameFilter, GameKind
from replays.format import PERSON, Ending, decode
from replays.playback import Playback
from tests.web import stocked
from tests.web.chromium import PATIENCE_MS, chromium, hear, keep_what_is_said, tab
from tests.web.site import Site, riding, serving
from tron_env.ruleset import ARENA
from tron_env.spawn import spawns_for
from tron_env.types import Action, Outcome, Seat, Spawn
from web.capacity import Cost
from web.commands import Said
from web.live_types import SLOTS_PER_SECOND, cells_ahead
from web.messages import Leave
from web.opponents import Opponents

pytestmark = pytest.mark.browser

KEYS = ("ArrowUp", "ArrowRight", "ArrowDown", "ArrowLeft")
expect.set_options(timeout=PATIENCE_MS)
STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1))
PLAYABLE = range(1, 31)
GAME_SECONDS = 75
SILENT_MS = 1500
"""Without a word for so long, a page takes its connection for dead."""
COUNTDOWN_SECONDS = 3
"""For what has to be done before a ride begins, however busy the machine is."""
REPLAY = re.compile(r"/replays/\d+")


@dataclass
class Drawn:
    """What a board says that it has drawn."""

    game: str
    ply: int
    heads: list[tuple[int, int]]
    outcome: str


@dataclass
class Window:
    """A page with a board."""

    page: Page

    def drawn(self) -> Drawn:
        data = self.page.locator("[data-board]").evaluate("board => ({...board.dataset})")
        heads = [(int(row), int(col)) for row, col in re.findall(r"(\d+),(\d+)", data["heads"])]
        return Drawn(data["game"], int(data["ply"]), heads, data["outcome"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@contextmanager
def window(browser: Browser, site: Site, *, phone: bool = False) -> Iterator[Window]:
    with tab(browser, site.url, "phone" if phone else "desktop") as opened:
        yield Window(opened.page)


def await_game(shown: Window, before: str | None = None) -> str:
    shown.page.wait_for_function(
        """before => {
            const { game, ply } = document.querySelector("[data-board]").dataset;
            return ply !== undefined && game !== undefined && game !== before;
        }""",
        arg=before,
    )
    return shown.drawn().game


def person(shown: Window) -> Seat:
    return Seat(int(shown.page.locator("[data-name='0']").inner_text() != "You"))


def wanted_turn(seat: Seat, trail: list[list[tuple[int, int]]], *, must: bool) -> Action | None:
    """Turn to where there is more room, if there is none ahead or a turn ``must`` be made.

    Looks one cell further than the next, as the turn is drawn and played a ply later.
    """
    own = trail[seat]
    if len(own) < 2:
        return None
    heading = (own[-1][0] - own[-2][0], own[-1][1] - own[-2][1])
    if heading not in STEPS:  # a slow machine missed a ply
        return None
    taken = {cell for each in trail for cell in each}

    def room(step: tuple[int, int]) -> int:
        row, col = own[-1][0] + heading[0] + step[0], own[-1][1] + heading[1] + step[1]
        cells = 0
        while row in PLAYABLE and col in PLAYABLE and (row, col) not in taken:
            row, col, cells = row + step[0], col + step[1], cells + 1
        return cells

    if room(heading) > 0 and not must:
        return None
    sideways = [action for action in Action if STEPS[action][0] * heading[0] == 0]
    sideways = [action for action in sideways if STEPS[action][1] * heading[1] == 0]
    best = max(sideways, key=lambda action: room(STEPS[action]))
    return best if room(STEPS[best]) > 0 else None


def ride(shown: Window, steer: "Steer", turns: int) -> Drawn:
    """Steer until ``turns`` turns are made, then straight on, to the end of the game."""
    seat = person(shown)
    trail: list[list[tuple[int, int]]] = [[], []]
    made = 0
    for _ in range(GAME_SECONDS * 40):
        now = shown.drawn()
        if now.outcome != "ongoing":
            return now
        for line, head in zip(trail, now.heads, strict=True):
            if not line or line[-1] != head:
                line.append(head)
        action = None
        if made < turns:
            action = wanted_turn(seat, trail, must=made < 2 and len(trail[seat]) > 3 + 4 * made)
        if action is not None:
            steer(shown, action)
            made += 1
            # One turn a cell: wait until it is drawn, so that no turn is asked for twice.
            shown.page.wait_for_timeout(110)
        else:
            shown.page.wait_for_timeout(25)
    raise AssertionError("the game did not end")


class Steer:
    """A way to steer."""

    def __call__(self, shown: Window, action: Action) -> None:
        raise NotImplementedError


class ByKeys(Steer):
    """Arrow keys."""

    def __call__(self, shown: Window, action: Action) -> None:
        shown.page.keyboard.press(KEYS[action])


class ByTouch(Steer):
    """The pad and swipes over the board, in turn."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, shown: Window, action: Action) -> None:
        self.count += 1
        if self.count % 2:
            box = shown.page.locator(f".pad [data-action='{int(action)}']").bounding_box()
            assert box is not None
            shown.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            return
        touch = shown.page.context.new_cdp_session(shown.page)
        down, across = STEPS[action]
        for kind, far in (("touchStart", 0), ("touchMove", 30), ("touchMove", 60)):
            point = {"x": 195 + across * far, "y": 300 + down * far}
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        touch.detach()


def newest_human_game(site: Site) -> tuple[int, Playback]:
    [game, *_] = site.services.storage.search_games(GameFilter(kind=GameKind.HUMAN), limit=1)
    encoded = site.services.storage.replay(game.id)
    assert encoded is not None
    return game.id, Playback(decode(encoded))


def recorded(site: Site, page: Page) -> Playback:
    """The game whose result a page shows, as the server has kept it."""
    replay = page.locator("[data-do=replay]")
    expect(replay).to_have_attribute("href", REPLAY)
    number = int(str(replay.get_attribute("href")).rpartition("/")[2])
    encoded = site.services.storage.replay(number)
    assert encoded is not None
    return Playback(decode(encoded))


def assert_drawn_as_recorded(drawn: Drawn, record: Playback) -> None:
    replay = record.replay
    assert drawn.ply == replay.plies
    assert np.array_equal(drawn.heads, record.heads[-1])
    assert drawn.outcome == replay.outcome.name.lower()


def turn_aside_and_on(site: Site, shown: Window, steer: Steer) -> None:
    """Make two turns before the ride begins."""
    game = int(shown.drawn().game)
    opening = next(
        each.opening for each in site.services.referee.tickets() if each.opening.game == game
    )
    row, col, heading = spawns_for(ARENA, opening.seed)[opening.seat]
    sides = Action((heading + 1) % 4), Action((heading + 3) % 4)
    steer(shown, max(sides, key=lambda side: cells_ahead(Spawn(row, col, side), ARENA)))
    steer(shown, heading)


def ride_steered(site: Site, shown: Window, steer: Steer) -> Playback:
    """Ride until a game was steered at least twice; hold each against the server's record.

    A busy machine may see a turn too late, or have a game that counts for nobody.
    """
    for _ in range(8):
        game = await_game(shown)
        turn_aside_and_on(site, shown, steer)
        drawn = ride(shown, steer, turns=1)
        result = shown.page.locator("[data-result]")
        expect(result).to_be_visible()
        if result.get_attribute("data-result") == "void":
            shown.page.locator("[data-do=rematch]").click()
            await_game(shown, before=game)
            continue
        expect(shown.page.locator("[data-do=replay]")).to_have_attribute("href", REPLAY)
        _, record = newest_human_game(site)
        assert_drawn_as_recorded(drawn, record)
        seat = person(shown)
        before = record.replay.spawns[seat].heading
        headings = record.replay.actions[:, seat].astype(int)
        if np.count_nonzero(np.diff(headings, prepend=int(before))) >= 2:
            return record
        shown.page.locator("[data-do=rematch]").click()
        await_game(shown, before=game)
    raise AssertionError("no game could be steered")


def test_from_home_through_a_game_to_its_replay(site: Site, browser: Browser):
    with window(browser, site) as shown, site.counting_down(COUNTDOWN_SECONDS):
        page = shown.page
        page.goto("/")
        page.wait_for_selector("canvas[data-home-duel][data-ply]")
        page.get_by_role("link", name="Ride against it").click()
        record = ride_steered(site, shown, ByKeys())
        expect(page.locator("[data-result-word]")).to_have_text(re.compile("Victory|Defeat|Draw"))
        expect(page.locator("[data-result-record]")).to_contain_text("by people")
        won = record.replay.outcome.winner
        word = "Draw" if won is None else "Victory" if won == person(shown) else "Defeat"
        expect(page.locator("[data-result-word]")).to_have_text(word)

        game_id, _ = newest_human_game(site)
        page.locator("[data-do=replay]").click()
        page.wait_for_url(f"**/replays/{game_id}*")
        page.wait_for_selector("[data-board][data-ply]")
        page.keyboard.press("End")
        expect(page.locator("[data-ply-out]")).to_have_text(str(record.replay.plies))
        assert_drawn_as_recorded(shown.drawn(), record)
        for ply in (0, 1, record.replay.plies // 2, record.replay.plies - 1):
            page.locator("[data-scrubber]").fill(str(ply))
            expect(page.locator("[data-ply-out]")).to_have_text(str(ply))
            assert np.array_equal(shown.drawn().heads, record.heads[ply])
            page.wait_for_url(re.compile(rf"\?ply={ply}$"))
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.wait_for_url(re.compile(r"\?ply=2$"))
        page.reload()
        expect(page.locator("[data-ply-out]")).to_have_text("2")

        page.get_by_role("navigation", name="Site").get_by_role("link", name="Replays").click()
        first = page.locator("a.thumb").first
        expect(first).to_have_attribute("href", f"/replays/{game_id}")
        expect(first.locator("canvas")).to_have_attribute("data-ply", str(record.replay.plies))


def test_a_ride_goes_on_from_a_replay_and_is_watched_by_others(site: Site, browser: Browser):
    with window(browser, site) as shown, window(browser, site) as other:
        page = shown.page
        page.goto("/play?opponent=zoo/voronoi")
        await_game(shown)
        ride(shown, ByKeys(), turns=1)
        expect(page.locator("[data-do=replay]")).to_have_attribute("href", REPLAY)
        source, record = newest_human_game(site)
        ply = record.replay.plies // 2
        page.goto(f"/replays/{source}?ply={ply}")
        expect(page.locator("a[data-takeover]")).to_have_count(2)
        with site.counting_down(COUNTDOWN_SECONDS):
            page.locator(f"a[data-takeover='{record.replay.models.index(PERSON)}']").click()
            game = await_game(shown)
        other.page.goto(f"/live?game={game}")
        assert await_game(other) == game, "two windows show one ride"
        keep_what_is_said(other.page, "[data-notice]")
        drawn = ride(shown, ByKeys(), turns=0)
        expect(page.locator("[data-do=replay]")).to_have_attribute("href", REPLAY)
        taken, again = newest_human_game(site)
        assert taken != source
        assert_drawn_as_recorded(drawn, again)
        assert again.replay.takeover is not None
        assert again.replay.takeover.ply == ply
        assert np.array_equal(again.heads[: ply + 1], record.heads[: ply + 1])
        hear(other.page, "plies")
        other.page.wait_for_function(
            "plies => document.querySelector('[data-board]').dataset.ply === plies",
            arg=str(again.replay.plies),
        )
        assert_drawn_as_recorded(other.drawn(), again)


def test_two_people_ride_at_once_and_climb_a_rung(site: Site, browser: Browser):
    with (
        window(browser, site) as one,
        window(browser, site, phone=True) as two,
        site.counting_down(COUNTDOWN_SECONDS),
    ):
        games = []
        for shown, name in ((one, "wall-hugger"), (two, "voronoi")):
            shown.page.goto(f"/play?opponent=zoo/{name}")
            games.append(await_game(shown))
        while len(site.services.referee) < 2:  # nobody steers, and a page was slow to come
            for at, shown in enumerate((one, two)):
                if shown.page.locator("[data-result]").is_visible():
                    shown.page.keyboard.press("Space")
                    games[at] = await_game(shown, before=games[at])
        assert games[0] != games[1]
        one.page.locator("[data-rung='zoo/voronoi']").click()
        climbed = await_game(one, before=games[0])
        expect(one.page.locator("[data-rung='zoo/voronoi']")).to_have_attribute(
            "aria-current", "true"
        )
        expect(one.page.locator("[data-opponent-name]")).to_have_text("Voronoi")
        assert climbed != games[0]
        assert two.drawn().game == games[1], "nobody else is disturbed"
        for shown in (one, two):
            expect(shown.page.locator("[data-result]")).to_be_visible()
            assert_drawn_as_recorded(shown.drawn(), recorded(site, shown.page))
        two.page.locator("[data-do=next]").tap()
        assert await_game(two, before=games[1]) != games[1]
        assert not two.page.url.endswith("voronoi"), "one step up or down the ladder"


def test_space_starts_a_rematch(site: Site, browser: Browser):
    with window(browser, site) as shown:
        shown.page.goto("/play?opponent=zoo/wall-hugger")
        game = await_game(shown)
        ride(shown, ByKeys(), turns=0)
        expect(shown.page.locator("[data-result]")).to_be_visible()
        shown.page.keyboard.press("Space")
        assert await_game(shown, before=game) != game
        expect(shown.page.locator("[data-result]")).to_be_hidden()


def test_a_turn_shows_on_the_next_frame(tmp_path: Path, browser: Browser):
    with serving(tmp_path, countdown_seconds=10) as site, window(browser, site) as shown:
        shown.page.goto("/play?opponent=zoo/wall-hugger")
        await_game(shown)
        pending = shown.page.evaluate(
            """async () => {
                for (const code of ["ArrowUp", "ArrowLeft"]) {
                    dispatchEvent(new KeyboardEvent("keydown", { code }));
                }
                await new Promise(requestAnimationFrame);
                return document.querySelector("[data-board]").dataset.turns;
            }"""
        )
        assert pending == "0 3", "a U-turn in two quick keys"


@pytest.mark.parametrize("phone", [False, True])
def test_a_ride_goes_on_after_the_connection_was_lost(site: Site, browser: Browser, phone: bool):
    with window(browser, site, phone=phone) as shown:
        page = shown.page
        page.add_init_script(
            "window.lines = []; window.WebSocket = class extends WebSocket {"
            " constructor(...where) { super(...where); window.lines.push(this); } };"
        )
        page.goto("/play?opponent=zoo/wall-hugger")
        game = await_game(shown)
        keep_what_is_said(page, "[data-notice]")
        page.evaluate(
            """async () => {
                const board = document.querySelector("[data-board]");
                while (Number(board.dataset.ply) <= 3) await new Promise(requestAnimationFrame);
                window.lines.at(-1).close();
            }"""
        )
        hear(page, "Your ride waits ten seconds")
        expect(page.locator("[data-notice]")).to_be_hidden()
        drawn = ride(shown, ByTouch() if phone else ByKeys(), turns=1)
        assert drawn.game == game
        expect(page.locator("[data-latency]")).to_have_text(re.compile(r"^\d+ ms"))
        expect(page.locator("[data-do=replay]")).to_have_attribute("href", REPLAY)
        _, record = newest_human_game(site)
        assert_drawn_as_recorded(drawn, record)
        page.keyboard.press("Space")
        assert await_game(shown, before=game) != game


def test_a_ride_goes_on_after_seconds_without_a_network(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
):
    waits = GAME_SECONDS * SLOTS_PER_SECOND  # however long a busy machine takes to come back
    monkeypatch.setattr(site.services.referee._games, "_freeze", waits)
    with tab(browser, site.url, "phone") as opened:
        shown, page = Window(opened.page), opened.page
        page.goto("/play?opponent=zoo/wall-hugger")
        game = await_game(shown)
        page.wait_for_function("() => document.querySelector('[data-board]').dataset.ply > 2")
        page.context.set_offline(True)
        notice = page.locator("[data-notice]")
        expect(notice).to_contain_text("Your ride waits ten seconds")
        page.wait_for_timeout(2 * SILENT_MS)
        page.context.set_offline(False)
        opened.complaints.clear()  # of the browser, that there was no network
        expect(notice).to_be_hidden()
        expect(page.locator("[data-line]")).to_be_hidden()
        drawn = ride(shown, ByTouch(), turns=1)
        assert drawn.game == game
        record = recorded(site, page)
        assert record.replay.ending is Ending.RULES
        assert_drawn_as_recorded(drawn, record)


TUNNEL = """
    window.lines = [];
    window.WebSocket = class extends WebSocket {
        constructor(...how) {
            super(...how);
            window.lines.push(this);
            this.addEventListener("message", (event) => {
                if (this.deaf) event.stopImmediatePropagation();
            });
        }
        send(message) {
            if (!this.deaf) super.send(message);
        }
    };
"""


def test_a_phone_back_from_a_tunnel_shows_how_its_ride_ended(site: Site, browser: Browser):
    with window(browser, site, phone=True) as shown:
        page = shown.page
        page.add_init_script(TUNNEL)
        page.goto("/play?opponent=zoo/wall-hugger")
        game = await_game(shown)
        page.evaluate(
            """async () => {
                const board = document.querySelector("[data-board]");
                while (Number(board.dataset.ply) < 20) await new Promise(requestAnimationFrame);
                window.lines.at(-1).deaf = true;
            }"""
        )
        result = page.locator("[data-result]")
        expect(result).to_be_visible()
        assert page.evaluate("window.lines.length") > 1, "told on another line"
        expect(page.locator("[data-notice]")).to_be_hidden()
        assert_drawn_as_recorded(shown.drawn(), recorded(site, page))
        page.locator("[data-do=rematch]").tap()
        await_game(shown, before=game)


def test_a_phone_whose_ride_could_not_wait_has_a_button_for_another(site: Site, browser: Browser):
    with window(browser, site, phone=True) as shown:
        page = shown.page
        page.add_init_script(TUNNEL)
        page.goto("/play?opponent=zoo/voronoi")
        game = await_game(shown)
        page.wait_for_function("() => document.querySelector('[data-board]').dataset.ply > 2")
        page.evaluate("window.lines.at(-1).deaf = true")
        (client,) = [
            each.client for each in site.services.referee.tickets() if each.game == int(game)
        ]
        site.services.referee.post(Said(client, Leave(int(game))))
        line = page.locator("[data-line]")
        expect(line).to_contain_text("counts as abandoned")
        expect(line).not_to_contain_text("space")
        expect(page.locator("[data-notice]")).to_be_hidden()
        line.get_by_role("button", name="Ride again").tap()
        await_game(shown, before=game)
        expect(line).to_be_hidden()


def test_sound_waits_for_the_player_and_stays_muted_once_muted(site: Site, browser: Browser):
    with window(browser, site) as shown:
        page = shown.page
        page.add_init_script(
            "window.made = 0; window.AudioContext = class extends AudioContext {"
            " constructor() { super(); window.made += 1; } };"
        )
        page.goto("/play?opponent=zoo/wall-hugger")
        await_game(shown)
        assert page.evaluate("window.made") == 0, "silent before the first input"
        button = page.locator("[data-do=sound]")
        page.keyboard.press("ArrowUp")
        assert page.evaluate("window.made") == 1
        expect(button).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("m")
        expect(button).to_have_attribute("aria-pressed", "false")
        page.reload()
        expect(button).to_have_attribute("aria-pressed", "false")
        page.keyboard.press("ArrowUp")
        assert page.evaluate("window.made") == 0
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        assert page.evaluate("window.made") == 1


def test_a_phone_rides_by_touch(site: Site, browser: Browser):
    with window(browser, site, phone=True) as shown, site.counting_down(COUNTDOWN_SECONDS):
        page = shown.page
        page.goto("/")
        page.get_by_role("link", name="Ride against it").tap()
        await_game(shown)
        board = page.locator("[data-board]").bounding_box()
        assert board is not None
        assert board["width"] > 350
        ride_steered(site, shown, ByTouch())
        game = shown.drawn().game
        page.locator("[data-do=rematch]").tap()
        await_game(shown, before=game)


def test_a_phone_that_nobody_touches_rides_into_the_wall_and_complains_of_nothing(
    site: Site, browser: Browser
):
    with window(browser, site, phone=True) as shown:
        shown.page.goto("/play")
        expect(shown.page.locator("[data-result]")).to_be_visible()


@pytest.mark.parametrize("phone", [False, True])
def test_nothing_sticks_out_of_the_screen(site: Site, browser: Browser, phone: bool):
    replay = stocked.add_human_game(site.services.storage)
    with window(browser, site, phone=phone) as shown:
        for path in ("/", "/play", "/rounds", "/replays", f"/replays/{replay}", "/nowhere"):
            shown.page.goto(path)
            shown.page.wait_for_timeout(200)
            out = shown.page.evaluate(
                """() => [...document.querySelectorAll("body *")]
                    .filter((each) => !each.closest(".scroll, .unseen, canvas"))
                    .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
                    .map((each) => each.outerHTML)"""
            )
            assert out == [], path
        # The browser itself reports the missing page on its console.


def test_a_round_s_progress_and_new_champion_appear_without_a_reload(site: Site, browser: Browser):
    storage = site.services.storage
    with window(browser, site) as shown:
        page = shown.page
        with page.expect_response("**/api/v1/status"):
            page.goto("/")
        expect(page.locator("#champion .eyebrow")).to_have_text("House champion")
        page.wait_for_selector("canvas[data-home-duel][data-ply]")
        page.evaluate("window.kept = true; window.duel = document.querySelector('#duel canvas')")
        number = stocked.close_round(storage)
        stocked.play_round(storage, number, duels=1)
        expect(page.locator("[data-progress-text]")).to_have_text("1 of 3 duels")
        assert page.evaluate("window.duel.isConnected"), "what did not change plays on"
        stocked.play_round(storage, number)
        stocked.crown(storage, number)
        expect(page.locator("#champion h1")).to_have_text("ann")
        expect(page.locator("#best canvas[data-ply]")).to_have_count(3)
        page.wait_for_selector("canvas[data-home-duel][data-ply]")
        assert page.evaluate("window.kept") is True
        page.wait_for_function("() => !window.duel.isConnected")


def test_reduced_motion_draws_moments_only(site: Site, browser: Browser):
    with window(browser, site) as shown:
        shown.page.emulate_media(reduced_motion="reduce")
        shown.page.goto("/")
        duel = shown.page.locator("canvas[data-home-duel]")
        shown.page.wait_for_selector("canvas[data-home-duel][data-ply]")
        ply = duel.get_attribute("data-ply")
        shown.page.wait_for_timeout(600)
        assert duel.get_attribute("data-ply") == ply
        assert duel.get_attribute("data-outcome") != Outcome.ONGOING.name.lower()


def middle(shown: Window, selector: str) -> float:
    """How far down the page the middle of a part is."""
    box = shown.page.locator(selector).bounding_box()
    assert box is not None
    return box["y"] + box["height"] / 2


def test_a_phone_in_line_shows_whom_it_waits_for_and_nothing_to_steer_with(
    tmp_path: Path, browser: Browser
):
    with (
        serving(tmp_path, capacity=1) as site,
        riding(site) as rider,
        window(browser, site, phone=True) as shown,
    ):
        with site.counting_down(PATIENCE_MS):
            game = rider.join("zoo/voronoi", 8)
            page = shown.page
            page.goto("/play?opponent=zoo/wall-hugger")
            expect(page.locator("[data-line]")).to_contain_text("You are next")
        expect(page.locator("[data-opponent-name]")).to_have_text("Wall Hugger")
        expect(page.locator(".hud-ply")).to_be_hidden()
        expect(page.locator(".keys")).to_be_hidden()
        pad = page.locator(".pad button").first
        expect(pad).to_be_hidden()
        with site.counting_down(COUNTDOWN_SECONDS):
            rider.send("leave", {"game": game["game"]})
            await_game(shown)
        expect(pad).to_be_visible()
        expect(page.locator(".hud-ply")).to_be_visible()
        expect(page.locator("[data-result]")).to_be_visible()
        expect(pad).to_be_hidden()


def test_who_takes_over_on_a_phone_is_told_of_a_stand_in_beside_the_own_head(
    site: Site, browser: Browser
):
    with riding(site) as rider, window(browser, site, phone=True) as shown:
        ridden = rider.ride("zoo/wall-hugger")
        models = ridden.game["seat"] ^ 1  # people start in the lower half
        with site.counting_down(4 * COUNTDOWN_SECONDS):
            shown.page.goto(f"/play?takeover={ridden.number}&ply=2&seat={models}")
            notice = shown.page.locator("[data-notice]")
            expect(notice).to_have_text("Hunter stands in: the other rider cannot be played.")
            assert middle(shown, "[data-notice]") > middle(shown, "[data-board]")
            expect(notice).to_have_class("notice calm low")


def test_a_ride_that_is_refused_offers_another(
    tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
):
    for keeps in ("keeps", "keeps_alone"):
        monkeypatch.setattr(Cost, keeps, lambda self, speed: speed < 10)
    with serving(tmp_path) as site, window(browser, site) as shown:
        shown.page.goto("/play?opponent=zoo/voronoi")
        line, offer = (shown.page.locator(each) for each in ("[data-line]", "[data-do=offer]"))
        expect(line).to_contain_text("too slow here for 10 plies a second")
        monkeypatch.undo()
        offer.click()
        await_game(shown)
        expect(line).to_be_hidden()
        expect(shown.page.locator("[data-opponent-label]")).to_contain_text("light champion")


def test_a_ride_that_is_refused_while_the_database_is_away_can_be_asked_for_again(
    tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
):
    def away(self: Opponents, spec: str) -> None:
        raise DatabaseAwayError("nothing answers")

    monkeypatch.setattr(Opponents, "find", away)
    with serving(tmp_path) as site, window(browser, site, phone=True) as shown:
        shown.page.goto("/play?opponent=zoo/wall-hugger")
        line, again = (shown.page.locator(each) for each in ("[data-line]", "[data-do=again]"))
        expect(line).to_contain_text("cannot reach its records")
        again.tap()
        expect(again).to_be_visible()
        monkeypatch.undo()
        again.tap()
        await_game(shown)
        expect(line).to_be_hidden()
        expect(shown.page.locator("[data-opponent-name]")).to_have_text("Wall Hugger")
