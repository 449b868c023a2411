"""Whole games over real WebSockets against a real server."""

import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import socketio

from arena.errors import DatabaseAwayError
from arena.records import GameFilter, GameKind
from replays.format import Ending, TakeOver, decode
from replays.playback import Playback, verify
from tests.web.site import PATIENCE_SECONDS, Rider, Site, riding, serving
from tron_env.types import Action, Outcome, Seat
from web import recorder, sockets
from web.commands import Open
from web.sayings import TURN
from web.tickets import Opponent

GOODBYE_SECONDS = 20.0
"""A client that is told nothing takes twice as long to miss the server."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("home")) as running:
        yield running


def test_a_whole_game_is_stored_as_it_was_seen(tmp_path: Path):
    # A countdown long enough for the turn to arrive in time, however busy the machine is.
    with serving(tmp_path, countdown_seconds=4) as site, riding(site) as rider:
        ridden = rider.ride(turn=3)
        game, ticks, end, stored = ridden.game, ridden.ticks, ridden.end, ridden.stored
        seat = Seat(game["seat"])
        start = game["view"]["trails"][seat][0]
        assert start[0] >= 16, "people start in the lower half"
        assert game["view"]["names"][seat] == "You"
        assert game["view"]["kinds"][seat] == "person"
        assert game["countdown_ms"] >= 4000
        turned = int(Action(game["view"]["headings"][seat]) + 3) % 4
        assert [tick[:2] for tick in ticks] == [
            [game["game"], ply + 1] for ply in range(len(ticks))
        ]
        assert ticks[0][6 + seat] == turned, "the queued turn was ridden first"
        assert end["game"] == stored["game"] == game["game"]
        assert end["ply"] == len(ticks)
        assert end["replay"] is None

        number = int(stored["replay"].removeprefix("/replays/"))
        row = site.services.storage.game(number)
        encoded = site.services.storage.replay(number)
    assert row is not None
    assert encoded is not None
    replay = decode(encoded)
    verify(replay)
    heads = Playback(replay).heads[1:].reshape(-1, 4).tolist()
    assert heads == [tick[2:6] for tick in ticks]
    assert replay.actions.tolist() == [tick[6:] for tick in ticks]
    assert replay.outcome.name.lower() == end["view"]["outcome"]
    results = {None: "draw", seat: "won", seat.other: "lost"}
    assert end["result"] == results[replay.outcome.winner]
    assert replay.models[seat] == bytes(8)
    assert row.kind is GameKind.HUMAN
    assert row.human_seat is seat
    assert row.names[seat] == "A player"
    assert row.speed == 14
    assert end["view"]["trails"][0][0] == list(replay.spawns[0][:2])


def test_the_record_counts_this_game_and_agrees_with_storage(site: Site):
    with riding(site) as rider:
        played = [rider.ride("zoo/voronoi").end["record"] for _ in range(2)]
    counted = [sum(count for name, count in record.items() if name != "text") for record in played]
    assert counted[1] == counted[0] + 1
    model = site.services.opponents.find("zoo/voronoi").sha256
    stored = site.services.storage.human_record(model)
    assert played[1]["wins"] == stored.wins
    assert played[1]["losses"] == stored.losses


def test_rematch_is_a_new_game_against_the_same_opponent(site: Site):
    with riding(site) as rider:
        first = rider.join("zoo/voronoi", 10)
        rider.next("tick", "end")
        rider.send("rematch", {"game": first["game"]})
        second = rider.next("game", "refused")
        assert second["game"] != first["game"]
        assert second["opponent"] == first["opponent"]
        assert second["speed"] == 10
        assert rider.next("tick")[0] == second["game"], "the first game was left"
        rider.send("rematch", {"game": first["game"]})
        assert rider.next("refused")["code"] == "unknown_game"


def test_a_rider_on_a_websocket_is_written_to_and_heard_past_all_else(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    referee = site.services.referee
    left: list[bool] = []

    def hear(sockets: Any, sayings: Any) -> Any:
        found = heard(sockets, sayings)
        left.extend(found[sayings[:, 1] == TURN].tolist())
        return found

    heard = referee.hear
    monkeypatch.setattr(referee, "hear", hear)
    with riding(site) as rider:
        game = rider.join("zoo/voronoi", 8)["game"]
        rider.next("tick")
        slot = np.array([referee._games.slot(game)])
        assert referee._wires.sockets(slot) > 0
        rider.send("turn", {"game": game, "action": int(Action.LEFT)})
        rider.send("echo", {"game": game, "ply": 500})
        rider.next("tick")
        rider.next("tick")
        assert left == [False]


def test_two_players_ride_at_once_without_meeting(site: Site):
    with riding(site) as one, riding(site) as two:
        games = one.join(speed=14), two.join("zoo/voronoi", speed=8)
        assert games[0]["game"] != games[1]["game"]
        seen = one.until("end"), two.until("end")
    for game, messages in zip(games, seen, strict=True):
        ticks = [data for event, data in messages if event == "tick"]
        assert {tick[0] for tick in ticks} == {game["game"]}
        assert [tick[1] for tick in ticks] == list(range(1, len(ticks) + 1))


def test_nobody_steers_or_ends_anothers_game(tmp_path: Path):
    with (
        serving(tmp_path, countdown_seconds=3) as site,
        riding(site) as owner,
        riding(site) as stranger,
    ):
        game = owner.join("zoo/voronoi", 8)
        for event, data in (
            ("turn", {"game": game["game"], "action": 0}),
            ("leave", {"game": game["game"]}),
            ("rematch", {"game": game["game"]}),
        ):
            stranger.send(event, data)
            assert stranger.next("refused")["code"] == "unknown_game"
        first = owner.next("tick")
        assert first[:2] == [game["game"], 1]
        assert first[6 + game["seat"]] == game["view"]["headings"][game["seat"]]


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("join", ()),
        ("join", (None,)),
        ("join", ({"opponent": "champion", "speed": 10}, "more")),
        ("join", ({"opponent": "champion", "speed": 11},)),
        ("join", ({"opponent": 5, "speed": 10},)),
        ("turn", ("left",)),
        ("turn", ({"game": 1, "action": 9},)),
        ("leave", ({"game": -1},)),
        ("rematch", ([1],)),
    ],
)
def test_malformed_events_are_refused_and_the_connection_lives(
    site: Site, event: str, data: tuple[object, ...]
):
    with riding(site) as rider:
        rider.send(event, *data)
        assert rider.next("refused")["code"] == "malformed"
        assert "game" in rider.join()


def test_events_of_the_server_s_own_are_refused_and_change_nothing(site: Site):
    with riding(site) as rider:
        for event in ("connect", "disconnect"):
            rider.send(event, {})
            assert rider.next("refused")["code"] == "malformed"
        game = rider.join()
        rider.send("disconnect", "transport close")
        assert rider.next("refused", "frozen")["code"] == "malformed"
        assert rider.next("tick")[0] == game["game"], "it is still there"


@pytest.mark.parametrize("opponent", ["zoo/nobody", "champion@7"])
def test_an_unknown_opponent_is_refused(site: Site, opponent: str):
    with riding(site) as rider:
        assert rider.join(opponent)["code"] == "unknown_opponent"


def test_before_the_first_round_the_champion_is_a_shipped_model(site: Site):
    with riding(site) as rider:
        game = rider.join("champion")
        assert game["opponent"]["round"] is None
        assert game["opponent"]["label"] == "house champion"


def test_leaving_stores_an_abandoned_game_that_nobody_won(tmp_path: Path):
    with serving(tmp_path) as site:
        with riding(site) as rider:
            game = rider.join("zoo/voronoi", 8)
            rider.next("tick")
            rider.send("leave", {"game": game["game"]})
            rider.send("turn", {"game": game["game"], "action": 1})
            assert rider.next("refused")["code"] == "unknown_game"
        with riding(site) as rider:
            rider.join("zoo/voronoi", 8)
            rider.next("tick")
    # Closing the site has stored both: the one left, and the one whose connection ended.
    with serving(tmp_path) as site:
        rows = site.services.storage.search_games(GameFilter(kind=GameKind.HUMAN))
        assert [row.ending for row in rows] == [Ending.ABANDONED] * 2
        assert {row.outcome for row in rows} == {Outcome.ONGOING}
        model = site.services.opponents.find("zoo/voronoi").sha256
        assert site.services.storage.human_record(model).abandoned == 2


def test_a_lost_connection_comes_back_to_a_frozen_board(tmp_path: Path):
    with serving(tmp_path) as site:
        with riding(site) as rider:
            game = rider.join("zoo/voronoi", 8)
            seen = rider.next("tick")[1]
        with riding(site) as rider:
            rider.send("resume", {"game": game["game"], "key": game["key"]})
            again = rider.next("game", "refused")
            assert (again["game"], again["resumed"]) == (game["game"], True)
            assert again["opponent"] == game["opponent"]
            assert again["view"]["plies"] >= seen
            assert again["countdown_ms"] >= 250
            assert rider.next("tick")[:2] == [game["game"], again["view"]["plies"] + 1]
        with riding(site) as rider:
            rider.send("resume", {"game": game["game"], "key": game["key"]})
            assert rider.next("refused")["code"] == "unknown_game", "a game waits once"


def test_who_comes_back_after_the_end_is_told_how_it_ended(tmp_path: Path):
    with serving(tmp_path) as site, riding(site) as rider:
        ridden = rider.ride()
        game = ridden.game
        with riding(site) as again:
            again.send("resume", {"game": game["game"], "key": "0" * 32})
            assert again.next("refused", "end")["code"] == "unknown_game"
            again.send("resume", {"game": game["game"], "key": game["key"]})
            end = again.next("refused", "end")
            assert (end["game"], end["result"]) == (game["game"], ridden.end["result"])
            assert end["view"] == ridden.end["view"]
            assert again.next("stored") == ridden.stored
        game = rider.join("zoo/voronoi", 8)
        rider.next("tick")
        rider.send("leave", {"game": game["game"]})
        with riding(site) as again:
            again.send("resume", {"game": game["game"], "key": game["key"]})
            assert again.next("refused", "end")["code"] == "unknown_game", "nobody won"


def test_who_finds_the_site_full_waits_in_line_until_a_game_ends(tmp_path: Path):
    # A countdown so long that the first game cannot end before the second person comes.
    with (
        serving(tmp_path, capacity=1, countdown_seconds=PATIENCE_SECONDS) as site,
        riding(site) as one,
        riding(site) as two,
    ):
        game = one.join("zoo/voronoi", 8)
        two.send("join", {"opponent": "zoo/voronoi", "speed": 8})
        waiting = two.next("waiting", "game", "refused")
        assert waiting["place"] == 1
        assert waiting["opponent"]["spec"] == "zoo/voronoi"
        assert waiting["offer"] is None, "no seat is free for another game either"
        one.send("leave", {"game": game["game"]})
        assert two.next("game", "refused")["opponent"]["spec"] == "zoo/voronoi"


def test_people_watch_a_game_from_the_moment_they_come(tmp_path: Path):
    with serving(tmp_path) as site, riding(site) as player, riding(site) as watcher:
        player.send("call_me", {"name": "Ann O."})
        watched: Any = {}
        while "view" not in watched:  # a busy machine may bring the watcher too late
            game = player.join("zoo/wall-hugger", 8)
            for _ in range(3):
                player.next("tick")
            watcher.send("watch", {"game": game["game"]})
            watched = watcher.next("watched", "refused")
        assert watched["view"]["names"][game["seat"]] == "Ann O."
        assert watched["view"]["plies"] >= 3
        assert "key" not in watched, "who watches cannot take the ride away"
        watcher.send("turn", {"game": game["game"], "action": 0})
        assert watcher.next("refused")["code"] == "unknown_game"
        messages = watcher.until("over")
        ticks = [tick for event, tick in messages if event == "tick"]
        over = messages[-1][1]
        while (end := player.next("end"))["game"] != game["game"]:
            pass
        assert over["view"]["trails"] == end["view"]["trails"]
        if ticks:
            assert ticks[-1][1] == over["view"]["plies"]
            assert [tick[1] for tick in ticks] == list(range(ticks[0][1], ticks[-1][1] + 1))
        watcher.send("watch", {"game": game["game"]})
        assert watcher.next("watched", "refused")["code"] == "unknown_game"


def test_riding_on_from_a_replay_keeps_what_was_played_and_says_from_where(tmp_path: Path):
    with serving(tmp_path) as site, riding(site) as rider:
        first = rider.ride("zoo/wall-hugger", turn=1)
        source = site.services.storage.replay(first.number)
        assert source is not None
        played = decode(source)
        ply, seat = played.plies // 2, first.game["seat"]
        wish = {"replay": first.number, "ply": ply, "seat": seat, "speed": 14}
        rider.send("take_over", wish)
        game = rider.next("game", "refused")
        assert game["view"]["plies"] == ply
        assert game["seat"] == seat
        assert game["opponent"]["spec"] == "zoo/wall-hugger"
        assert game["stands_in"] is False
        assert rider.next("tick", "end")[1] == ply + 1
        rider.next("end")
        number = int(rider.next("stored")["replay"].removeprefix("/replays/"))
        encoded = site.services.storage.replay(number)
        row = site.services.storage.game(number)
        assert encoded is not None
        assert row is not None
        again = decode(encoded)
        verify(again)
        assert again.takeover == TakeOver.of(source, ply, Seat(seat))
        assert again.actions[:ply].tolist() == played.actions[:ply].tolist()
        assert not row.first_try

        rider.send("take_over", wish | {"seat": 1 - seat})
        game = rider.next("game", "refused")
        light = site.services.opponents.light_champion()
        assert (game["opponent"]["spec"], game["stands_in"]) == (light.spec, True), (
            "a person's seat"
        )
        for bad in ({"ply": played.plies}, {"replay": 999}):
            rider.send("take_over", wish | bad)
            assert rider.next("refused")["code"] == "unknown_replay"


def test_the_first_game_of_a_browser_against_a_model_is_its_first_try(tmp_path: Path):
    with serving(tmp_path) as site:
        jar = CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        opener.open(f"{site.url}/").close()
        headers = {"Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)}
        with riding(site, headers=headers) as rider:
            for opponent in ("zoo/wall-hugger", "zoo/wall-hugger", "zoo/voronoi"):
                rider.ride(opponent)
        with riding(site) as nobody:
            nobody.ride()
        rows = site.services.storage.search_games()
    assert [row.first_try for row in reversed(rows)] == [True, False, True, False]


def test_a_page_of_another_origin_cannot_connect(site: Site):
    with pytest.raises(Exception, match=r"(?i)connect|namespace|400"):
        Rider(site.url, headers={"Origin": "http://elsewhere.example"})


def test_a_site_whose_live_play_breaks_ends_and_keeps_its_games(tmp_path: Path):
    with serving(tmp_path) as site:
        rider = Rider(site.url)
        game = rider.join()
        assert rider.next("tick")[0] == game["game"]
        broken: Any = None
        site.services.referee.post(Open(broken, broken))
        site.serving.join(PATIENCE_SECONDS)
        assert not site.serving.is_alive(), "so that it can be started again"
        assert rider.ended.wait(GOODBYE_SECONDS), "nobody is left to guess"
        rider.close()
    with serving(tmp_path) as site:
        (row,) = site.services.storage.search_games(GameFilter(kind=GameKind.HUMAN))
        assert row.ending is Ending.ABANDONED


def test_an_address_has_only_so_many_players(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sockets, "is_here", lambda address: False)
    monkeypatch.setattr(sockets, "CLIENTS_AN_ADDRESS", 2)
    with serving(tmp_path) as site:
        with riding(site), riding(site) as second:
            with pytest.raises(socketio.exceptions.ConnectionError):
                Rider(site.url)
            assert "game" in second.join()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(site.services.transport) and time.monotonic() < deadline:
            time.sleep(0.05)
        with riding(site) as rider:
            assert "game" in rider.join(), "places are given back"


def test_who_hangs_up_again_and_again_takes_nobody_s_seat(tmp_path: Path):
    with serving(tmp_path, capacity=2, countdown_seconds=PATIENCE_SECONDS) as site:
        for _ in range(4):
            with riding(site) as rider:
                assert "game" in rider.join()
        with riding(site) as rider:
            assert "game" in rider.join()


def test_an_address_begins_only_so_many_games_however_it_connects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sockets, "ADDRESS_GAMES_PER_SECOND", 1e-6)
    monkeypatch.setattr(sockets, "ADDRESS_GAMES_AT_ONCE", 2)
    with serving(tmp_path) as site:
        for _ in range(3):
            with riding(site) as rider:
                assert "game" in rider.join(), "who comes by this machine itself is its operator"
        monkeypatch.setattr(sockets, "is_here", lambda address: False)
        answers = []
        for _ in range(3):
            with riding(site) as rider:
                answers.append(rider.join().get("code"))
    assert answers == [None, None, "too_fast"]


def test_games_that_wait_for_their_players_count_for_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sockets, "is_here", lambda address: False)
    with serving(tmp_path, capacity=4) as site:
        for _ in range(2):
            with riding(site) as rider:
                rider.join("zoo/voronoi", 8)
                rider.next("tick")
        with riding(site) as rider:
            refused = rider.join()
            assert refused["code"] == "full"
            assert "from your address" in refused["message"]


def test_watching_is_no_more_often_than_riding(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sockets, "GAMES_PER_SECOND", 1e-6)
    with riding(site) as rider:
        for _ in range(2 * int(sockets.GAMES_AT_ONCE)):
            rider.send("watch", {"game": 1})
        codes = [rider.next("refused")["code"] for _ in range(2 * int(sockets.GAMES_AT_ONCE))]
        assert codes[0] == "unknown_game"
        assert codes[-1] == "too_fast"


def test_who_asks_for_a_ride_while_the_database_is_away_is_told_so(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    def away(spec: str) -> Opponent:
        raise DatabaseAwayError("away")

    monkeypatch.setattr(site.services.opponents, "find", away)
    with riding(site) as rider:
        rider.send("join", {"opponent": "zoo/hunter", "speed": 10})
        refused = rider.next("refused")
    assert refused["code"] == "unavailable"
    assert "try again" in refused["message"]
    assert "away" not in refused["message"], "what the database says is for the log"


def test_who_is_turned_away_while_games_wait_to_be_stored_costs_no_thread(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    found: list[str] = []
    find = site.services.opponents.find
    monkeypatch.setattr(
        site.services.opponents, "find", lambda spec: found.append(spec) or find(spec)
    )
    with riding(site) as rider:
        monkeypatch.setattr(recorder, "BACKLOG", 0)
        for event, wish in (
            ("join", {"opponent": "zoo/hunter", "speed": 10}),
            ("rematch", {"game": 1}),
            ("take_over", {"replay": 1, "ply": 1, "seat": 0, "speed": 10}),
        ):
            rider.send(event, wish)
            refused = rider.next("refused")
            assert (refused["code"], "catching up" in refused["message"]) == ("full", True)
        assert not found
        monkeypatch.undo()
        assert rider.join("zoo/hunter", 10)["game"]


def test_many_who_wait_for_one_model_hold_up_nobody_else(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    find, slow = site.services.opponents.find, threading.Event()

    def find_slowly(spec: str) -> Opponent:
        if spec == "zoo/voronoi":
            assert slow.wait(PATIENCE_SECONDS)
        return find(spec)

    monkeypatch.setattr(site.services.opponents, "find", find_slowly)
    with ExitStack() as stack:
        many = [stack.enter_context(riding(site)) for _ in range(12)]
        for rider in many:
            rider.send("join", {"opponent": "zoo/voronoi", "speed": 8})
        other = stack.enter_context(riding(site))
        assert "game" in other.join("zoo/hunter")
        assert all(rider._messages.empty() for rider in many)
        slow.set()
        assert many[0].next("game", "waiting", "refused")


def test_an_answer_to_a_tick_of_no_game_of_ones_own_is_refused(site: Site):
    with riding(site) as rider, riding(site) as other:
        game = rider.join("zoo/hunter", 8)["game"]
        for unknown in (game, 7):
            other.send("echo", {"game": unknown, "ply": 1})
            assert other.next("refused")["code"] == "unknown_game"
