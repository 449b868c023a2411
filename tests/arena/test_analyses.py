"""Stored analyses: the pass over all games, the queue of deep passes, interest, insights."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np
import pytest

from arena.analyst import LEADING, judge_game, judge_next, lead, pass_over, work
from arena.leases import Lease, LeaseLostError
from arena.records import DuelResult, EntryKind, NewEntry, NewGame, Standing
from arena.schedule import round_robin
from arena.storage import Storage
from arena.stored_analyses import Check, DeepState
from replays.format import decode, encode, model_prefix
from replays.heat import ridden_cells
from replays.playback import Playback
from replays.summary import summarise
from tests.replays.games import duel
from tron_env.ruleset import ARENA
from tron_env.types import Seat

FIELD = {"wall-hugger": "a1" * 32, "voronoi": "b2" * 32, "random": "c3" * 32}


def played(first, second, seed):
    """A game between agents that stand in for models."""
    models = (model_prefix(FIELD[first]), model_prefix(FIELD[second]))
    return encode(replace(duel(ARENA, seed, first, second), models=models))


@pytest.fixture(scope="module")
def games():
    """The games of a round of three, two starts a pair, by names in seat order and number."""
    return {
        (names, number): played(*names, 10 + number // 2)
        for first, second in combinations(FIELD, 2)
        for number in range(4)
        for names in [(first, second) if number % 2 == 0 else (second, first)]
    }


@pytest.fixture
def storage(tmp_path, games):
    with Storage(f"sqlite:///{tmp_path / 'arena.db'}") as opened:
        play_round(opened, games)
        yield opened


def play_round(storage, games):
    number = storage.ensure_open_round(ruleset="arena", starts=2, seed="11" * 32).number
    field = [
        NewEntry(name, EntryKind.SUBMISSION, False, False, sha256, None)
        for name, sha256 in FIELD.items()
    ]
    storage.freeze(number, lambda _: field, round_robin, next_seed="22" * 32, next_starts=2)
    storage.begin(number)
    results = []
    for each in storage.duels(number):
        new = [
            NewGame(
                place,
                names,
                (FIELD[names[0]], FIELD[names[1]]),
                games[names, place],
                (None, None),
            )
            for place in range(4)
            for names in [each.names if place % 2 == 0 else each.names[::-1]]
        ]
        results.append(DuelResult(each.id, (2.0, 2.0), (0, 0), tuple(new)))
    storage.save_duels(number, results)
    ratings = {"wall-hugger": 900.0, "voronoi": 1300.0, "random": 700.0}
    standings = {
        entry.id: Standing(rank, 4, 8, 4, 0, 4, 0, ratings[entry.name], 0, 0, 0.5)
        for rank, entry in enumerate(storage.entries(number), start=1)
    }
    storage.finish(number, standings, storage.entries(number)[1].id)


def rows(storage):
    return storage.search_games(limit=100)


def test_the_pass_summarises_every_game_as_its_analysis_does(storage):
    assert storage.count_unanalysed() == 12
    told = []
    assert pass_over(storage, 1, lambda done, total: told.append((done, total))) == 12
    assert told[-1] == (12, 12)
    assert storage.count_unanalysed() == 0
    summaries = storage.summaries([game.id for game in rows(storage)])
    for game in rows(storage):
        alone = summarise(storage.replay(game.id), game.names)
        kept = summaries[game.id]
        assert (kept.title, kept.tags, kept.territory) == (alone.title, alone.tags, alone.territory)
        assert (kept.separation, kept.decided) == (alone.separation, alone.decided)
        assert kept.interest >= alone.appeal
    assert pass_over(storage, 1) == 0


def test_a_pass_goes_on_where_one_was_stopped(storage, monkeypatch):
    monkeypatch.setattr("arena.analyst.BATCH", 4)

    class StoppedError(Exception):
        pass

    def stop(done, total):
        raise StoppedError

    with pytest.raises(StoppedError):
        pass_over(storage, 1, stop)
    assert storage.count_unanalysed() == 8
    assert pass_over(storage, 1) == 8


def test_two_processes_find_what_one_finds(storage, monkeypatch):
    monkeypatch.setattr("arena.analyst.BATCH", 2)
    ids = [game.id for game in rows(storage)]
    pass_over(storage, 1)
    alone = storage.summaries(ids)
    with storage.writing() as connection:
        connection.exec_driver_sql("UPDATE analyses SET version = 0, title = ''")
    assert pass_over(storage, 2) == 12
    assert storage.summaries(ids) == alone


def test_a_damaged_replay_keeps_nobody_from_being_analysed(storage):
    with storage.writing() as connection:
        connection.exec_driver_sql("UPDATE games SET replay = x'00' WHERE id = 3")
    assert pass_over(storage, 1) == 11
    assert list(storage.summaries([3])) == []


def test_interest_adds_upsets_and_rarity_once_the_round_is_rated(storage):
    pass_over(storage, 1)
    ratings = {"wall-hugger": 900.0, "voronoi": 1300.0, "random": 700.0}
    found = storage.find_games(limit=100).games
    counts = {tag: 0 for each in found for tag in each.summary.tags}
    for each in found:
        for tag in each.summary.tags:
            counts[tag] += 1
    for each in found:
        gap = ratings[each.game.names[0]] - ratings[each.game.names[1]]
        assert each.summary.rating_gap == gap
        winner = each.game.outcome.winner
        below = abs(gap) / 2 if winner is None else gap if winner is Seat.SECOND else -gap
        rarest = min((counts[tag] / len(found) for tag in each.summary.tags), default=1)
        appeal = summarise(storage.replay(each.game.id), each.game.names).appeal
        whole = appeal + 15 * min(1, max(0, below) / 200) + 10 * max(0, 1 - rarest / 0.2)
        assert each.summary.interest == pytest.approx(whole)


def test_the_featured_duel_is_the_most_interesting(storage):
    assert storage.featured_of_round(1) is None
    pass_over(storage, 1)
    found = storage.find_games(limit=100).games
    best = max(found, key=lambda each: (each.summary.interest, each.game.id)).game
    assert storage.featured_of_round(1) == best.id
    assert storage.featured_of_rounds([1, 2]) == {1: best.id}
    assert storage.games_by_id([best.id, 10**6]) == {best.id: best}
    assert storage.featured_of_day(best.played_at) == best.id
    assert storage.featured_of_day(best.played_at + timedelta(days=3)) == best.id
    assert storage.featured_of_day(best.played_at - timedelta(days=1)) is None
    assert storage.request_deep(best.id) is DeepState.WAITING, "it was asked for by itself"


def test_a_deep_pass_is_asked_for_once_and_then_kept(storage, monkeypatch):
    quick = {"deep": "minimax:nodes=20", "confirm": "minimax:nodes=60"}
    monkeypatch.setattr("arena.analyst.judge_game", lambda encoded: judge_game(encoded, **quick))
    assert judge_next(storage) is None
    assert storage.deep(1) is None
    assert storage.request_deep(1) is DeepState.WAITING
    assert storage.request_deep(1) is DeepState.WAITING
    assert storage.request_deep(2, featured=True) is DeepState.WAITING
    assert storage.request_deep(99) is DeepState.REFUSED
    assert [judge_next(storage) for _ in range(3)] == [2, 1, None]
    assert storage.request_deep(1) is DeepState.DONE
    assert storage.deep(1) == judge_game(storage.replay(1), **quick), "and it is deterministic"
    assert storage.deep(1)["judges"] == "minimax:nodes=20 minimax:nodes=60"


def test_too_long_a_queue_refuses(storage, monkeypatch):
    monkeypatch.setattr("arena.stored_analyses.MOST_REQUESTS", 2)
    states = [storage.request_deep(number) for number in (1, 2, 3)]
    assert states == [DeepState.WAITING, DeepState.WAITING, DeepState.REFUSED]


def test_two_workers_never_take_the_same_request(database_url, games):
    with Storage(database_url) as storage:
        play_round(storage, games)
        ids = [game.id for game in rows(storage)]
        for number in ids:
            storage.request_deep(number)
        taken = []

        def take():
            while (claimed := storage.claim_deep()) is not None:
                taken.append(claimed.id)

        threads = [threading.Thread(target=take) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(taken) == sorted(ids)


def test_a_lost_claim_is_taken_again(storage, monkeypatch):
    monkeypatch.setattr("arena.stored_analyses.CLAIM_SECONDS", -1)
    storage.request_deep(5)
    assert storage.claim_deep().id == storage.claim_deep().id == 5


def test_a_game_without_a_readable_replay_leaves_the_queue(storage):
    with storage.writing() as connection:
        connection.exec_driver_sql("UPDATE games SET replay = x'00' WHERE id = 3")
    storage.request_deep(3)
    assert judge_next(storage) == 3
    assert storage.deep(3) is None
    assert judge_next(storage) is None


def test_checks_are_kept(storage):
    assert storage.check(1) is None
    now = datetime.now(UTC)
    storage.save_check(1, Check(now, 2, 17, 0))
    assert not storage.check(1).verified
    storage.save_check(1, Check(now, 2, None, None))
    assert storage.check(1) == Check(now, 2, None, None)
    assert storage.check(1).verified
    assert not Check(now, 0, None, None).verified


def test_an_insight_sums_up_what_the_games_say(storage):
    entry = next(each for each in storage.entries(1) if each.name == "voronoi")
    assert storage.insight(entry.id) is None, "the pass has not seen its games"
    pass_over(storage, 1)
    assert storage.insight(entry.id, most_games=7) is None
    told = storage.insight(entry.id)
    own = [game for game in rows(storage) if "voronoi" in game.names]
    seats = [Seat(game.names.index("voronoi")) for game in own]
    assert told.games == len(own) == 8
    results = list(zip(own, seats, strict=True))
    won = [(game, seat) for game, seat in results if game.outcome.winner is seat]
    assert told.wins == len(won)
    assert sum(told.wins_by.values()) == told.wins
    causes = [game.causes[seat.other].name.lower() for game, seat in won]
    assert told.wins_by == {cause: causes.count(cause) for cause in causes}
    assert told.mean_plies == sum(game.plies for game in own) / 8
    visited, died = np.zeros((32, 32), int), np.zeros((32, 32), int)
    for game, seat in results:
        playback = Playback(decode(storage.replay(game.id)))
        cells = {tuple(cell) for cell in playback.heads[:, seat].tolist()}
        for cell in cells:
            visited[cell] += 1
        if game.causes[seat]:
            died[tuple(playback.heads[-1, seat])] += 1
    assert (np.array(told.visited) == visited).all()
    assert (np.array(told.died) == died).all()
    beaten = {each.name: each for each in told.opponents}
    assert beaten["random"].games == 4
    assert beaten["random"].expected == pytest.approx(4 / (1 + 10 ** (-600 / 400)))
    assert told.opponents == sorted(told.opponents, key=lambda each: -each.surplus)
    leads = [
        found.summary.territory[seat] - found.summary.territory[seat.other]
        for found in storage.find_games(limit=100).games
        if "voronoi" in found.game.names and found.summary.separation is not None
        for seat in [Seat(found.game.names.index("voronoi"))]
    ]
    assert told.ahead[0] == sum(lead > 0 for lead in leads)
    assert told.behind[0] == sum(lead < 0 for lead in leads)
    assert told.mean_lead == pytest.approx(sum(leads) / max(1, len(leads)))
    assert storage.insight(entry.id) == told, "the second time from the database"


def test_blunders_are_counted_over_the_deep_passes_there_are(storage):
    pass_over(storage, 1)
    entry = next(each for each in storage.entries(1) if each.name == "voronoi")
    assert storage.insight(entry.id).blunders_per_hundred is None
    game = next(game for game in rows(storage) if game.names[1] == "voronoi")
    judged = judge_game(storage.replay(game.id), "minimax:nodes=20", "minimax:nodes=60")
    blunder = {"ply": 3, "kind": "blunder", "pair": None, "amount": 50, "better": 1, "line": []}
    judged["blunders"] = [blunder | {"seat": 1}, blunder | {"seat": 1}, blunder | {"seat": 0}]
    storage.save_deep(game.id, judged)
    told = storage.insight(entry.id)
    plies = len(judged["deep"]["losses"][0])
    assert (told.judged_games, told.blunders, told.judged_plies) == (1, 2, plies)
    assert told.blunders_per_hundred == pytest.approx(200 / plies)


def test_every_entrant_of_a_finished_round_gets_its_insight(storage):
    assert storage.next_uncounted() is None, "the pass has not seen the round"
    pass_over(storage, 1)
    counted = []
    while (entry := storage.next_uncounted()) is not None:
        assert storage.insight(entry) is not None
        counted.append(entry)
    assert sorted(counted) == sorted(each.id for each in storage.entries(1))


class IdleError(Exception):
    """The analyst has nothing to do."""


def until_idle(*before):
    """Return a sleep that does each of ``before``, one a call, and then ends the analyst."""
    waiting = list(before)

    def sleep(_seconds):
        if not waiting:
            raise IdleError
        waiting.pop(0)()

    return sleep


def test_the_analyst_does_all_there_is_and_then_whatever_comes_in(storage, games, monkeypatch):
    quick = {"deep": "minimax:nodes=20", "confirm": "minimax:nodes=60"}
    monkeypatch.setattr("arena.analyst.judge_game", lambda encoded: judge_game(encoded, **quick))
    with pytest.raises(IdleError):
        lead(storage, until_idle(lambda: play_round(storage, games)))
    assert storage.count_unanalysed() == 0
    assert storage.next_uncounted() is None
    for number in (1, 2):
        featured = storage.featured_of_round(number)
        assert storage.deep(featured) is not None
        assert storage.summaries([featured])[featured].rating_gap is not None


def test_a_game_that_is_stored_late_under_a_smaller_number_is_seen(storage):
    def lose():
        with storage.writing() as connection:
            connection.exec_driver_sql("DELETE FROM game_tags WHERE game_id = 5")
            connection.exec_driver_sql("DELETE FROM analyses WHERE game_id = 5")

    pass_over(storage, 1)
    with pytest.raises(IdleError):
        lead(storage, until_idle(lose))
    assert storage.count_unanalysed() == 0


def test_of_two_analysts_one_works_and_the_other_takes_over(storage):
    with Lease(storage, LEADING), pytest.raises(IdleError):
        lead(storage, until_idle(lambda: None, lambda: None))
    assert storage.count_unanalysed() == 12, "the one that waited has done nothing"
    with pytest.raises(IdleError):
        lead(storage, until_idle())
    assert storage.count_unanalysed() == 0


def test_an_analyst_that_lost_its_lease_stops(storage):
    def lose():
        raise LeaseLostError("another took over")

    with pytest.raises(LeaseLostError):
        work(storage, lose)
    assert storage.count_unanalysed() == 12


def test_ridden_cells_are_those_of_the_playback(games):
    for encoded in games.values():
        replay = decode(encoded)
        playback = Playback(replay)
        for seat in Seat:
            cells = ridden_cells(replay, seat)
            assert (cells == playback.heads[: len(cells), seat]).all()
            assert (cells[-1] == playback.heads[-1, seat]).all()
