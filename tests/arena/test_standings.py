import random
from dataclasses import replace
from itertools import combinations

import pytest

from arena.records import EntryKind, EntryRow, RoundResult, Standing
from arena.standings import apex_order, standings
from replays.format import Ending
from tron_env.types import DeathCause, Outcome

SEED = "5a" * 32
SEEDS = (17, 19, 31, 123, 220, 238)
"""Fields in which the fit alone ranked the second twin first, on the machine that wrote this."""
ALIVE = (DeathCause.NONE, DeathCause.NONE)


def entry(number, *, anchor=False):
    name = "abcdef"[number]
    kind = EntryKind.ANCHOR if anchor else EntryKind.SUBMISSION
    return EntryRow(10 + number, 1, number, name, kind, anchor, False, name * 64, None, None)


def duel(number, first, second, *outcomes, ending=Ending.RULES, causes=ALIVE):
    """``outcomes`` by the duel's sides: 1 the first wins, 0 draw, -1 the second wins."""
    results = []
    for game, outcome in enumerate(outcomes):
        first_seat_wins = outcome if game % 2 == 0 else -outcome
        seen = {1: Outcome.FIRST_WINS, -1: Outcome.SECOND_WINS, 0: Outcome.DRAW}[first_seat_wins]
        results.append(RoundResult(number, game, (10 + first, 10 + second), seen, causes, ending))
    return results


def ranked(entries, results):
    found = standings(entries, results, SEED)
    return [entry_id - 10 for entry_id in found], found


def test_points_decide():
    entries = [entry(0), entry(1), entry(2)]
    results = [*duel(0, 0, 1, -1, -1), *duel(1, 0, 2, 0, 0), *duel(2, 1, 2, 1, 0)]
    order, found = ranked(entries, results)
    assert order == [1, 2, 0]
    assert [found[10 + n].points for n in order] == [3.5, 1.5, 1.0]
    best = found[11]
    assert (best.rank, best.games, best.wins, best.draws, best.losses) == (1, 4, 3, 1, 0)
    assert best.rating_low <= best.rating <= best.rating_high


def test_head_to_head_breaks_ties_before_rating():
    entries = [entry(number) for number in range(4)]
    results = [
        *duel(0, 0, 1, -1, -1),
        *duel(1, 0, 2, 1, 1),
        *duel(2, 0, 3, 1, 1),
        *duel(3, 1, 2, 1, 1),
        *duel(4, 1, 3, -1, -1),
        *duel(5, 2, 3, 0, 0),
    ]
    order, found = ranked(entries, results)
    assert found[10].points == found[11].points == 4
    assert order[:2] == [1, 0]


def test_rating_breaks_what_is_left_and_order_the_rest():
    entries = [entry(0), entry(1)]
    order, found = ranked(entries, duel(0, 0, 1, 1, -1))
    assert found[10].rating == pytest.approx(found[11].rating)
    assert order == [0, 1]


@pytest.mark.parametrize("seed", SEEDS)
def test_twins_are_ranked_by_order_of_entry(seed):
    """Entrants with the same results against everybody; the fit tells some apart by 1e-13 Elo."""
    draw = random.Random(seed)
    entries = [entry(number) for number in range(5)]
    others = (2, 3, 4)

    def outcomes():
        return [draw.choice([1, 0, -1]) for _ in range(4)]

    against = {other: outcomes() for other in others}
    pairs = [(twin, other, against[other]) for twin in (0, 1) for other in others]
    pairs.append((0, 1, [1, -1, 0, 0]))
    pairs += [(one, other, outcomes()) for one, other in combinations(others, 2)]
    results = [
        result
        for number, (*pair, each) in enumerate(pairs)
        for result in duel(number, *pair, *each)
    ]
    order, _ = ranked(entries, results)
    assert order.index(0) < order.index(1)


def test_forfeits_are_counted_and_a_game_both_forfeit_is_lost_by_both():
    entries = [entry(0), entry(1)]
    results = [
        *duel(0, 0, 1, 1, 1, ending=Ending.FORFEIT),
        *duel(0, 0, 1, 1, 1, 0, 0, ending=Ending.FORFEIT)[2:],
    ]
    _, found = ranked(entries, results)
    winner, loser = found[10], found[11]
    assert (winner.points, winner.wins, winner.losses, winner.forfeits) == (2, 2, 2, 2)
    assert (loser.points, loser.wins, loser.losses, loser.forfeits) == (0, 0, 4, 4)
    assert winner.apex_score == pytest.approx(0.8 / 2)
    assert loser.apex_score == 0.0


def test_apex_scores_are_means_seen_from_each_side():
    entries = [entry(0), entry(1)]
    killed = (DeathCause.NONE, DeathCause.OPPONENT)
    results = [
        RoundResult(0, 0, (10, 11), Outcome.FIRST_WINS, killed, Ending.RULES),
        RoundResult(0, 1, (10, 11), Outcome.FIRST_WINS, killed, Ending.RULES),
    ]
    _, found = ranked(entries, results)
    assert found[10].apex_score == found[11].apex_score == pytest.approx((1.0 + 0.1) / 2)


def test_anchors_hold_the_scale_and_the_seed_the_intervals():
    entries = [entry(0), entry(1, anchor=True)]
    results = duel(0, 0, 1, 1, 1, 1, -1)
    _, found = ranked(entries, results)
    assert found[11].rating == pytest.approx(1000.0)
    assert found[10].rating > 1000.0
    assert standings(entries, results, SEED) == found


def test_in_a_swiss_round_points_count_per_game():
    entries = [entry(0), entry(1), entry(2), entry(3)]
    results = [*duel(0, 0, 1, 1, 1), *duel(1, 2, 3, 1, 1), *duel(2, 1, 2, 1, -1)]
    order, found = ranked(entries, results)
    assert (found[10].points, found[10].games) == (2, 2)
    assert (found[12].points, found[12].games) == (3, 4)
    assert order[:2] == [0, 2]


def test_anchors_keep_their_ratings_from_the_rounds_before():
    entries = [entry(0, anchor=True), entry(1, anchor=True), entry(2)]
    results = [*duel(0, 0, 1, 1, 0), *duel(1, 0, 2, 0, -1), *duel(2, 1, 2, -1, -1)]
    free = standings(entries, results, SEED)
    assert (free[10].rating + free[11].rating) / 2 == pytest.approx(1000)
    fixed = standings(entries, results, SEED, {"a" * 64: 1200.0, "b" * 64: 1100.0})
    assert (fixed[10].rating + fixed[11].rating) / 2 == pytest.approx(1150)
    newcomer = standings(entries, results, SEED, {"b" * 64: 1100.0})
    assert newcomer[11].rating == pytest.approx(1100)
    assert newcomer[10].rating - newcomer[11].rating == pytest.approx(
        free[10].rating - free[11].rating
    )


def test_kills_and_own_deaths_are_counted_by_entrant():
    entries = [entry(0), entry(1)]
    killed = (DeathCause.NONE, DeathCause.OPPONENT)
    walls = (DeathCause.NONE, DeathCause.WALL)
    head_on = (DeathCause.HEAD_ON, DeathCause.HEAD_ON)
    results = [
        *duel(0, 0, 1, 1, causes=killed),
        *duel(1, 0, 1, 1, causes=walls),
        *duel(2, 0, 1, 0, causes=head_on),
    ]
    _, found = ranked(entries, results)
    assert (found[10].kills, found[10].own_deaths) == (2, 0)
    assert (found[11].kills, found[11].own_deaths) == (1, 1)


def standing(rank, score, wins, kills, own_deaths):
    return Standing(rank, 4.0, 8, wins, 0, 8 - wins, 0, 0.0, 0.0, 0.0, score, kills, own_deaths)


def test_apex_ranks_by_score_then_wins_then_kills_then_fewer_deaths_of_ones_own():
    table = [
        (0, standing(1, 0.5, 4, 3, 2)),
        (1, standing(2, 0.5, 4, 3, 1)),
        (2, standing(3, 0.5, 4, 4, 5)),
        (3, standing(4, 0.5, 5, 0, 5)),
        (4, standing(5, 0.6, 0, 0, 8)),
        (5, standing(6, 0.5, 4, 3, 2)),
    ]
    entries = [replace(entry(number), standing=found) for number, found in table]
    assert [found.number for found in apex_order(entries)] == [4, 3, 2, 1, 0, 5]
    assert apex_order([entry(0)]) == ()
