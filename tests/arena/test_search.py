"""Searches of stored games, held against a scan of all of them."""

import hashlib

import pytest
from sqlalchemy import event

from arena.bench_games import pool_of
from arena.bench_season import Season, populate
from arena.errors import SearchError
from arena.found_games import Order
from arena.records import GameFilter, GameKind, Result
from arena.search_walks import MOST_COUNTED
from arena.storage import Storage
from replays.format import Ending
from tron_env.types import DeathCause, Outcome

SEASON = Season(rounds=5, submissions=60, games=900, starts=1, human=0.2, sessions=20)
MODEL = hashlib.sha256(b"3/3").hexdigest()
"""Of an entrant of round 3."""

FILTERS = [
    GameFilter(),
    GameFilter(kind=GameKind.HUMAN),
    GameFilter(round=3),
    GameFilter(round=99),
    GameFilter(name="rider-3"),
    GameFilter(name="A player", opponent="rider-2"),
    GameFilter(name="rider-3", result=Result.WIN),
    GameFilter(name="rider-3", result=Result.LOSS, cause=DeathCause.WALL),
    GameFilter(name="rider-3", opponent="rider-4", result=Result.LOSS),
    GameFilter(sha256=MODEL, kind=GameKind.DUEL),
    GameFilter(result=Result.DRAW),
    GameFilter(result=Result.LIMIT),
    GameFilter(result=Result.FORFEIT),
    GameFilter(result=Result.ABANDONED),
    GameFilter(cause=DeathCause.HEAD_ON),
    GameFilter(min_plies=120, max_plies=180),
    GameFilter(min_plies=400),
    GameFilter(max_plies=20),
    GameFilter(tags=("close",)),
    GameFilter(tags=("close", "comeback"), kind=GameKind.DUEL),
    GameFilter(min_gap=250),
    GameFilter(max_gap=30, round=2),
    GameFilter(min_gap=100, max_gap=150, cause=DeathCause.SELF),
    GameFilter(ending=Ending.FORFEIT),
    GameFilter(takeover=True),
    GameFilter(round=2, tags=("head-on",), result=Result.WIN, min_plies=60, max_gap=400),
]


@pytest.fixture(scope="module")
def pool():
    return pool_of(30)


@pytest.fixture(scope="module")
def stocked(tmp_path_factory, pool):
    url = f"sqlite:///{tmp_path_factory.mktemp('search') / 'arena.db'}"
    with Storage(url) as opened:
        populate(opened, SEASON, pool)
        yield opened


def paged(storage, filters, order, limit):
    found, after = [], None
    while True:
        page = storage.find_games(filters, order=order, after=after, limit=limit)
        found += page.games
        if page.after is None:
            return found
        after = page.after


def fits(game, summary, wanted):
    """What each filter means, said once more and slowly."""
    seats = [seat for seat in (0, 1) if wanted.name in (None, game.names[seat])]
    if wanted.opponent is not None:
        seats = [seat for seat in seats if game.names[1 - seat] == wanted.opponent]
    outcomes = {
        Result.DRAW: (Ending.RULES, {Outcome.DRAW}),
        Result.LIMIT: (Ending.RULES, {Outcome.TRUNCATED}),
        Result.FORFEIT: (Ending.FORFEIT, set(Outcome)),
        Result.ABANDONED: (Ending.ABANDONED, set(Outcome)),
    }

    def ended(seat):
        if wanted.result is None:
            return True
        if wanted.result in outcomes:
            ending, allowed = outcomes[wanted.result]
            return game.ending is ending and game.outcome in allowed
        if game.ending is not Ending.RULES or game.outcome.winner is None:
            return False
        return wanted.name is None or (game.outcome.winner == seat) == (wanted.result is Result.WIN)

    gap = summary.rating_gap
    return (
        any(
            (wanted.cause is None or game.causes[seat] is wanted.cause) and ended(seat)
            for seat in seats
        )
        and wanted.kind in (None, game.kind)
        and wanted.round in (None, game.round)
        and wanted.ending in (None, game.ending)
        and (wanted.sha256 is None or wanted.sha256 in game.models)
        and game.plies >= (wanted.min_plies or 0)
        and game.plies <= (1000 if wanted.max_plies is None else wanted.max_plies)
        and set(wanted.tags) <= set(summary.tags)
        and (wanted.min_gap is None or (gap is not None and abs(gap) >= wanted.min_gap))
        and (wanted.max_gap is None or (gap is not None and abs(gap) <= wanted.max_gap))
        and wanted.takeover in (None, game.takeover_ply is not None)
    )


def scanned(storage, wanted):
    every = paged(storage, GameFilter(), Order.NEWEST, 500)
    assert len(every) == storage.count_games()
    return [found for found in every if fits(found.game, found.summary, wanted)]


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
@pytest.mark.parametrize("limit", [7, 100])
def test_pages_hold_exactly_what_fits_newest_first(stocked, wanted, limit):
    assert paged(stocked, wanted, Order.NEWEST, limit) == scanned(stocked, wanted)


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_best_of_is_by_interest(stocked, wanted):
    best = sorted(
        scanned(stocked, wanted), key=lambda found: (-found.summary.interest, -found.game.id)
    )
    assert paged(stocked, wanted, Order.BEST, 9) == best


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_counts_are_exact_up_to_a_thousand(stocked, wanted):
    count = stocked.count_games_found(wanted)
    assert (count.games, count.more) == (len(scanned(stocked, wanted)), False)


def test_more_than_a_thousand_is_said_so(tmp_path, pool):
    season = Season(rounds=2, submissions=120, games=MOST_COUNTED + 50, starts=1, human=0)
    with Storage(f"sqlite:///{tmp_path / 'arena.db'}") as storage:
        populate(storage, season, pool)
        assert str(storage.count_games_found()) == "1,000+"
        one, two = (storage.count_games_found(GameFilter(round=number)) for number in (1, 2))
        assert MOST_COUNTED < one.games + two.games < 2 * MOST_COUNTED
        assert not one.more


def test_pages_are_stable_while_games_come_in(database_url, pool):
    with Storage(database_url) as storage:
        populate(storage, Season(rounds=2, submissions=10, games=60, starts=1), pool)
        last = storage.newest_game()
        first = storage.find_games(limit=20)
        before = storage.find_games(after=first.after, limit=20)
        with storage.writing() as connection:
            connection.exec_driver_sql(
                "INSERT INTO games (id, kind, first_name, second_name, outcome, first_cause, "
                "second_cause, ending, plies, played_at, first_try, stood_still, replay, "
                "length_band) "
                "SELECT 1000, kind, first_name, second_name, outcome, first_cause, second_cause, "
                "ending, plies, played_at, first_try, stood_still, replay, length_band "
                f"FROM games WHERE id = {last}"
            )
        assert storage.find_games(after=first.after, limit=20) == before
        newest = storage.find_games(limit=20).games[0]
        assert (newest.game.id, newest.summary) == (1000, None)


@pytest.mark.parametrize(
    ("order", "after"),
    [
        *((Order.NEWEST, after) for after in ("", "x", "1_2", f"{2**70}")),
        *((Order.BEST, after) for after in ("", "x", "7", "1_2_3_x", "nan_4", f"1_{2**70}")),
    ],
)
def test_a_text_that_names_no_page_of_the_order_is_refused(stocked, order, after):
    with pytest.raises(SearchError, match="names no page"):
        stocked.find_games(order=order, after=after)


def test_an_opponent_needs_a_name(stocked):
    with pytest.raises(SearchError, match="needs a name"):
        stocked.find_games(GameFilter(opponent="rider-1"))


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
@pytest.mark.parametrize("order", Order)
def test_no_search_scans_or_sorts_a_table(stocked, wanted, order):
    """Every statement walks an index; the database itself says how it would."""
    asked = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    event.listen(stocked.engine, "before_cursor_execute", note)
    try:
        stocked.find_games(wanted, order=order, limit=24)
        stocked.count_games_found(wanted)
    finally:
        event.remove(stocked.engine, "before_cursor_execute", note)
    assert asked
    with stocked.reading() as connection:
        for statement, parameters in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps = [row[3] for row in plan]
            bad = [step for step in steps if _walks_everything(step)]
            assert not bad, f"{statement}\n{steps}"


def _walks_everything(step: str) -> bool:
    # A subquery of at most PROBE rows may be scanned, and an index in its own order.
    whole = step.startswith("SCAN") and "USING" not in step and "subquery" not in step.lower()
    whole = whole and "anon_" not in step
    return whole or "USE TEMP B-TREE" in step


def test_a_page_that_looks_in_vain_says_where_to_go_on(stocked, monkeypatch):
    monkeypatch.setattr("arena.search_walks.MOST_LOOKS", 100)
    wanted = GameFilter(kind=GameKind.DUEL, takeover=True)
    page = stocked.find_games(wanted)
    assert (page.games, page.after is None) == ((), False)
    assert paged(stocked, wanted, Order.NEWEST, 50) == []
    assert stocked.count_games_found(wanted).more
