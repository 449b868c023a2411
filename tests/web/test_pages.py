"""The HTML pages over a real storage, without live play."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy import event, update

from agents.zoo import baselines, shipped
from arena.bench_season import Season, populate
from arena.records import EntryKind
from arena.schema import entries
from arena.storage import Storage
from replays.format import Ending, TakeOver, decode
from replays.view import replay_view
from tests.web import stocked
from tron_env.types import Seat
from web.assets import AssetError, Assets
from web.human import Tries
from web.live_types import DEFAULT_SPEED, SPEEDS
from web.services import EXTENSION, Services
from web.words import ERRORS, error_texts, points_text

WEB = Path(__file__).parents[2] / "web"


@pytest.fixture
def storage(app: Flask) -> Iterator[Storage]:
    services: Services = app.extensions[EXTENSION]
    with services.storage as opened:
        yield opened


@pytest.fixture
def client(app: Flask, storage: Storage) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def done(storage: Storage) -> Storage:
    number = stocked.close_round(storage)
    stocked.play_round(storage, number)
    stocked.crown(storage, number)
    return storage


def page(client: FlaskClient, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.text


def views(text: str) -> list[dict]:
    return [json.loads(found) for found in re.findall(r"data-view='([^']+)'", text)]


def test_an_empty_home_offers_the_shipped_champion_and_a_duel_to_watch(client: FlaskClient):
    text = page(client, "/")
    assert "House champion" in text
    assert "No rounds yet" in text
    assert "Ride against it" in text
    [duel] = views(text)
    assert duel["plies"] > 30


def test_the_home_page_shows_the_champion_its_record_and_the_round_s_duels(
    client: FlaskClient, done: Storage
):
    text = page(client, "/")
    assert "Champion of round 1" in text
    assert ">ann</h1>" in text
    assert "Nobody has tried" in text
    assert "Round 2 is open" in text
    assert "Top duels of round 1" in text
    assert len(views(text)) == 1 + 3


def test_the_home_page_says_what_its_share_counts(client: FlaskClient, done: Storage):
    def said() -> str:
        [human] = re.findall(r'<div class="human">(.*?)</div>', page(client, "/"), re.DOTALL)
        return " ".join(re.sub(r"<[^>]*>", " ", human).split())

    lost, won = stocked.longest_game(Seat.FIRST), stocked.longest_game(Seat.SECOND)
    stocked.add_human_game(done, first_try=False, replay=lost)
    stocked.add_human_game(done, Ending.ABANDONED)
    assert said() == "Nobody has beaten it yet, in one try. 1 abandoned"
    stocked.add_human_game(done, replay=won)
    stocked.add_human_game(done, first_try=False, replay=lost)
    low, high = Tries(1, 1).interval
    assert said() == (
        f"Beaten by people in 100% ({low} to {high}) of 1 first try 33% of all 3 games, 1 abandoned"
    )


def test_models_against_people_are_told_by_speed_first_tries_apart(
    client: FlaskClient, done: Storage
):
    lost, won = stocked.longest_game(Seat.FIRST), stocked.longest_game(Seat.SECOND)
    stocked.add_human_game(done, replay=won, speed=8)
    stocked.add_human_game(done, replay=lost, speed=8, first_try=False)
    stocked.add_human_game(done, Ending.ABANDONED, speed=14)
    [table] = re.findall(
        r'<table class="people stacked">(.*?)</table>', page(client, "/players"), re.S
    )
    rows = [
        [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.S)]
        for row in re.findall(r"<tr.*?</tr>", table, re.S)[1:]
    ]
    once, twice = (
        "{}% ({} to {}) of {}".format(tries.percent, *tries.interval, tries.tries)
        for tries in (Tries(1, 1), Tries(1, 2))
    )
    assert rows == [
        ["any", once, twice, "1"],
        ["8", once, twice, "0"],
        ["14", "none", "none", "1"],
    ]


def test_a_ride_that_goes_on_from_a_replay_says_from_which(client: FlaskClient, done: Storage):
    source = stocked.add_human_game(done)
    encoded = done.replay(source)
    assert encoded is not None
    taken = replace(decode(encoded), takeover=TakeOver.of(encoded, 1, Seat.SECOND))
    text = page(client, f"/replays/{stocked.add_human_game(done, replay=taken, source=source)}")
    assert f'taken over at ply 1 from <a href="/replays/{source}?ply=1">replay {source}</a>' in text
    assert re.findall(r'data-takeover="(\d)"', text) == ["0", "1"], "either rider's seat"


def test_without_scripts_pages_say_what_is_lacking_and_show_a_picture(
    client: FlaskClient, done: Storage
):
    for path in ("/play", "/live"):
        assert re.search(r"<noscript><p[^>]*>A ride needs JavaScript", page(client, path)), path
    [picture] = re.findall(r'<noscript><img src="([^"]+)"', page(client, "/replays/1?ply=5"))
    shown = client.get(picture.replace("&amp;", "&"))
    assert shown.mimetype == "image/png"


def test_a_running_round_shows_how_far_it_is(client: FlaskClient, storage: Storage):
    number = stocked.close_round(storage)
    stocked.play_round(storage, number, duels=2)
    for path in ("/", "/rounds", f"/rounds/{number}"):
        text = page(client, path)
        assert '<progress data-progress max="3" value="2"' in text, path
        assert "2 of 3 duels" in text, path


def test_opponents_are_the_champions_then_the_shipped_models(client: FlaskClient, done: Storage):
    text = page(client, "/play?opponent=zoo/wall-hugger")
    specs = re.findall(r'<option value="([^"]+)"( selected)?', text)
    assert specs[0] == ("champion", "")
    assert [spec for spec, selected in specs if selected] == ["zoo/wall-hugger"]
    for unknown in ("champion@9", "zoo/nobody", "../etc"):
        assert client.get("/play", query_string={"opponent": unknown}).status_code == 404


def test_who_reigns_is_offered_once_by_whatever_name(client: FlaskClient, done: Storage):
    for name in ("champion", "champion@1"):
        text = page(client, f"/play?opponent={name}")
        offered = re.findall(r'<option value="([^"]+)"( selected)?>([^<]+)', text)
        assert [each for each in offered if "ann" in each[2]] == [("champion", " selected", "ann")]
        assert 'data-rung="champion" data-names="champion champion@1"' in text


def test_a_shipped_model_that_reigns_is_no_training_level(client: FlaskClient):
    text = page(client, "/play?opponent=zoo/duelist")
    assert re.findall(r'<option value="([^"]+)"(?: selected)?>[^<]*Duelist', text) == ["champion"]
    levels = re.findall(r">Level (\d+):[^<]*</option>", text)
    assert [int(level) for level in levels] == [*range(len(shipped()) - 1, 0, -1)]


def test_every_speed_is_offered_and_the_usual_one_chosen(client: FlaskClient):
    offered = re.findall(r'name="speed" value="(\d+)"( checked)?', page(client, "/play"))
    assert tuple(int(speed) for speed, _ in offered) == SPEEDS
    assert [int(speed) for speed, checked in offered if checked] == [DEFAULT_SPEED]


def test_training_levels_go_down_from_the_strongest_of_the_latest_round(
    client: FlaskClient, storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    rated = tuple(model.name for model in shipped())[:-4:-1]
    monkeypatch.setattr(stocked, "NAMES", rated)
    monkeypatch.setattr(stocked, "SHA256", {model.name: model.sha256 for model in shipped()})
    number = stocked.close_round(storage)
    stocked.play_round(storage, number)
    stocked.crown(storage, number)
    offered = re.findall(r'value="zoo/([^"]+)"[^>]*>Level (\d+):', page(client, "/play"))
    unrated = [model.name for model in shipped() if not model.light and model.name not in rated]
    highest = [*unrated, *rated[1:]]
    assert [name for name, _ in offered[: len(highest)]] == highest, "the first reigns"
    assert [int(level) for _, level in offered] == [*range(len(shipped()) - 1, 0, -1)]


def test_the_models_that_no_round_rates_are_the_highest_levels(client: FlaskClient):
    slow = [model.name for model in shipped() if not model.light]
    offered = re.findall(r'value="zoo/([^"]+)"[^>]*>Level', page(client, "/play"))
    assert slow
    assert offered[: len(slow)] == slow


def test_a_round_s_page_has_standings_and_a_cross_table(client: FlaskClient, done: Storage):
    text = page(client, "/rounds/1")
    names = re.findall(r'<td class="name">(.*?)</td>', text)
    plain = [re.sub(r"<span.*?</span>(&nbsp;)?|</?a.*?>", "", name).strip() for name in names]
    assert plain == [
        "ann",
        "&lt;b&gt;bob&lt;/b&gt;",
        "cyd",
    ]
    cells = re.findall(r'<a class="h(\d)" href="/duels/(\d+)">(.*?)</a>', text)
    assert len(cells) == 6
    assert cells[0] == ("6", "1", "1½")
    assert cells[2] == ("2", "1", "½")
    assert client.get("/rounds/7").status_code == 404


def test_a_round_s_page_opens_the_duel_that_decided_it(client: FlaskClient, done: Storage):
    text = page(client, "/rounds/1")
    told = text[text.index("The duel that decided it") :]
    assert "ann</b> beat &lt;b&gt;bob&lt;/b&gt; 1½ : ½, and won the round by 1 point." in told
    assert re.search(r'href="/duels/1"', told)


@pytest.mark.parametrize("kind", EntryKind)
def test_a_round_s_page_tells_who_is_no_new_submission(
    client: FlaskClient, done: Storage, kind: EntryKind
):
    with done.writing() as connection:
        connection.execute(update(entries).where(entries.c.name == "ann").values(kind=kind))
    [ann] = re.findall(r'<td class="name">(.*?>ann</a>.*?)</td>', page(client, "/rounds/1"))
    assert ('class="chip"' in ann) == (kind is not EntryKind.SUBMISSION)


def test_a_cancelled_round_is_said_to_be(client: FlaskClient, storage: Storage):
    number = stocked.close_round(storage)
    storage.cancel(number, "the machine room is on fire")
    for path in ("/rounds", f"/rounds/{number}"):
        assert '<span class="chip ">cancelled</span>' in page(client, path), path


def test_a_duel_s_page_has_its_score_and_games(client: FlaskClient, done: Storage):
    text = page(client, "/duels/1")
    assert "1½ : ½" in text
    assert re.findall(r'href="/replays/(\d+)"', text) == ["1", "2"]
    assert client.get("/duels/99").status_code == 404


def test_a_replay_s_page_draws_exactly_the_stored_game(client: FlaskClient, done: Storage):
    game_id = stocked.add_human_game(done)
    [view] = views(page(client, f"/replays/{game_id}"))
    stored = done.replay(game_id)
    assert stored is not None
    assert view == replay_view(decode(stored), ("ann", "You"), ("model", "person"))
    assert client.get("/replays/999").status_code == 404


def test_an_abandoned_game_is_nobody_s_win(client: FlaskClient, done: Storage):
    game_id = stocked.add_human_game(done, Ending.ABANDONED)
    text = page(client, f"/replays/{game_id}")
    assert "Abandoned after 2 plies" in text
    assert ">won<" not in text


def test_abandoned_games_are_listed_only_where_they_are_asked_for(
    client: FlaskClient, done: Storage
):
    left = str(stocked.add_human_game(done, Ending.ABANDONED))

    def listed(path: str) -> list[str]:
        return re.findall(r'href="/replays/(\d+)"', page(client, path))

    for path in ("/replays", "/replays?kind=human", f"/models/{stocked.SHA256['ann']}"):
        assert left not in listed(path), path
    assert listed("/replays?result=abandoned") == [left]


def test_replays_are_listed_newest_first_and_page_on(
    client: FlaskClient, done: Storage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("web.search.PAGE_SIZE", 4)
    human = stocked.add_human_game(done)
    text = page(client, "/replays")
    assert re.findall(r'href="/replays/(\d+)"', text) == [str(human), "6", "5", "4"]
    assert re.search(r'<b class="number">7</b>\s*finished games', text)
    older = re.search(r'href="(/replays\?after=[^"]+)"', text)
    assert older is not None
    assert re.findall(r'href="/replays/(\d+)"', page(client, older[1])) == ["3", "2", "1"]
    assert re.findall(r'href="/replays/(\d+)"', page(client, "/replays?kind=human")) == [str(human)]


def test_replays_are_searched_by_what_their_form_asks(client: FlaskClient, done: Storage):
    def found(**query: str) -> list[int]:
        text = client.get("/replays", query_string=query).text
        return [int(number) for number in re.findall(r'href="/replays/(\d+)"', text)]

    assert found(name="cyd") == [6, 5, 4, 3]
    assert found(name="cyd", opponent="ann") == [4, 3]
    assert found(round="1") == [6, 5, 4, 3, 2, 1]
    assert found(round="9") == []
    assert found(min_plies="300") == []
    assert "No game fits" in page(client, "/replays?name=nobody")
    assert "opponent" in page(client, "/replays?opponent=ann"), "it says what is missing"
    assert found(kind="cheese", result="glory", round="x") == [6, 5, 4, 3, 2, 1], "nonsense drops"
    text = page(client, "/replays?kind=cheese&tag=unknown")
    assert "There is no “cheese” under Kind" in text
    assert "There is no “unknown” under What happened" in text
    assert re.findall(r'<option value="(\w+)"></option>', text) == ["ann", "cyd"], "to choose from"
    kept = page(client, "/replays?name=cyd&result=win")
    assert 'name="name" value="cyd"' in kept
    assert '<option value="win" selected>' in kept


def test_short_addresses_open_a_game_at_a_ply(client: FlaskClient, done: Storage):
    for address in ("/replays?game=2&ply=3", "/duels/1?game=2&ply=3"):
        assert client.get(address).headers["Location"] == "/replays/2?ply=3", address
    assert client.get("/duels/1?game=3").status_code == 404


def test_a_list_of_games_costs_few_queries_however_long_it_is(client: FlaskClient, done: Storage):
    def asked(path: str) -> int:
        queries: list[str] = []

        def note(*said: object) -> None:
            queries.append(str(said[2]))

        event.listen(done.engine, "before_cursor_execute", note)
        listed = re.findall(r'href="/replays/(\d+)"', page(client, path))
        event.remove(done.engine, "before_cursor_execute", note)
        assert len(listed) == len(set(listed)) == games[path]
        return sum(query.startswith("SELECT") for query in queries)

    stocked.add_human_game(done)
    games = {"/replays": 7, "/replays?kind=human": 1, "/duels/1": 2}
    assert asked("/replays") <= 12, "probes of indexes, keys, games, their replays, the count"
    assert asked("/duels/1") == 4, "the duel, its games, their replays and titles"


def test_a_model_s_page_tells_its_rounds_and_games(client: FlaskClient, done: Storage):
    sha256 = stocked.SHA256["ann"]
    text = page(client, f"/models/{sha256}")
    assert "champion of round 1" in text
    assert 'href="/rounds/1"' in text
    assert re.findall(r'href="/replays/(\d+)"', text) == ["4", "3", "2", "1"]
    assert 'href="/play?opponent=champion@1"' in text
    for unknown in ("0" * 64, "ann", "../x"):
        assert client.get(f"/models/{unknown}").status_code == 404


def test_a_large_round_keeps_its_page_small(client: FlaskClient, storage: Storage):
    submissions = 2 * (60 - len(baselines()))
    populate(storage, Season(rounds=2, submissions=submissions, games=4000, replays=10))
    text = page(client, "/rounds/2")
    assert len(text.encode()) < 120_000
    assert text.count('<td class="name">') == 50
    assert text.count('<th scope="row"') == 32, "the best, written out"
    assert 'data-entrants="60"' in text
    assert page(client, "/rounds/2?from=51").count('<td class="name">') == 10
    rows = client.get("/rounds/2/cross?first=1&count=2").json
    assert rows is not None
    assert len(rows["names"]) == 60
    assert [len(row) for row in rows["rows"]] == [60, 60]
    assert rows["rows"][0][0] == -1, "nobody meets itself"
    assert rows["rows"][0][1] + rows["rows"][1][0] == pytest.approx(100, abs=1)
    assert client.get("/rounds/2/cross/1/2").headers["Location"].startswith("/duels/")
    assert client.get("/rounds/2/cross/1/1").status_code == 404
    assert "The champion's rating over the rounds" not in text, "two rounds show no way"


def test_empty_lists_invite(client: FlaskClient):
    assert "tron up" in page(client, "/rounds")
    assert "Ride the first" in page(client, "/replays")


def test_errors_are_pages(client: FlaskClient):
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert "That way is wall" in response.text


@pytest.mark.parametrize("code", [*ERRORS, 500, 502, 418])
def test_every_error_says_what_happened_and_what_to_do(app: Flask, code: int):
    app.add_url_rule("/broken", view_func=lambda: abort(code))
    response = app.test_client().get("/broken")
    assert response.status_code == code
    title, about = error_texts(code, "")
    assert title in response.text
    assert about in html.unescape(response.text)


def test_a_bug_is_said_to_be_ours_and_a_view_s_own_words_stay(app: Flask):
    def broken() -> str:
        raise RuntimeError("nobody may read this")

    app.add_url_rule("/broken", view_func=broken)
    app.add_url_rule("/busy", view_func=lambda: abort(429, "Wait for the bell."))
    client = app.test_client()
    crash = client.get("/broken")
    assert crash.status_code == 500
    assert "We crashed, not you" in crash.text
    assert "nobody may read this" not in crash.text
    assert "Wait for the bell." in client.get("/busy").text


class InlineFinder(HTMLParser):
    """Collects what a strict content security policy would block."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [name for name in names if name == "style" or name.startswith("on")]


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/play", "/rounds", "/rounds/1", "/rounds/2", "/duels/1", "/replays", "/replays/1"),
        *("/replays/1/embed", f"/models/{stocked.SHA256['ann']}", "/x"),
    ],
)
def test_pages_keep_to_the_content_security_policy_and_name_no_other_host(
    client: FlaskClient, done: Storage, path: str
):
    text = client.get(path).text
    finder = InlineFinder()
    finder.feed(text)
    assert finder.found == []
    assert "<b>bob</b>" not in text
    assert re.findall(r"(?:href|src)=\"(?!/|#)[^\"]*\"", text) == []


def test_every_file_that_pages_name_is_built_and_kept_by_browsers(client: FlaskClient):
    named = set()
    for path in ("/", "/play", "/rounds", "/replays"):
        named |= set(re.findall(r'(?:href|src)="(/static/dist/[^"]+)"', page(client, path)))
    assert len(named) >= 6
    for address in named:
        with client.get(address) as response:
            assert response.status_code == 200, address
            assert "immutable" in response.headers["Cache-Control"], address


def test_a_missing_bundle_says_how_to_build_it(tmp_path: Path):
    with pytest.raises(AssetError, match=r"node web/build\.mjs"):
        Assets(tmp_path).path("js/play.js")


def test_the_lock_file_names_no_registry():
    lock = json.loads((WEB / "package-lock.json").read_text())
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]


def test_colours_are_named_in_tokens_only():
    colour = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?)\(\s*\d")
    sources = [*WEB.glob("static/css/*.css"), *WEB.glob("static/js/*.js")]
    named = {path.name for path in sources if colour.search(path.read_text())}
    assert named == {"tokens.css"}


@pytest.mark.parametrize(
    ("seat_points", "text"), [(0.0, "0"), (0.5, "½"), (3.0, "3"), (11.5, "11½")]
)
def test_points_are_written_as_in_chess(seat_points: float, text: str):
    assert points_text(seat_points) == text


def test_a_database_that_does_not_answer_is_said_to_be_away_until_it_is_back(
    client: FlaskClient, done: Storage, tmp_path: Path
):
    database, kept = tmp_path / "arena.db", tmp_path / "kept.db"
    done.engine.dispose()
    database.rename(kept)
    database.mkdir()
    answer = client.get("/rounds")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "Nothing is lost" in answer.text
    answer = client.get("/api/v1/rounds")
    assert answer.status_code == answer.json["error"]["code"] == 503
    assert int(answer.headers["Retry-After"]) > 0
    database.rmdir()
    kept.rename(database)
    assert client.get("/rounds").status_code == 200
