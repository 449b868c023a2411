import random
from itertools import combinations

import pytest

from arena.records import EntryKind, EntryRow, RoundResult
from arena.standings import standings
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
