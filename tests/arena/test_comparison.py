"""Certainty of a round's order, and circles in it."""

import pytest

from arena.comparison import Cycle, cycles, meetings, order_certainty
from arena.pairs import Pairs
from arena.records import RoundResult
from replays.format import Ending
from tron_env.types import DeathCause, Outcome

ALIVE = (DeathCause.NONE, DeathCause.NONE)


def duel(number, first, second, *outcomes, ending=Ending.RULES):
    """Games of one duel; outcomes are by seat, and seats are exchanged in odd games."""
    return [
        RoundResult(number, game, (first, second), outcome, ALIVE, ending)
        for game, outcome in enumerate(outcomes)
    ]


def test_a_start_is_what_its_two_games_gave():
    won_both = duel(0, 7, 9, Outcome.FIRST_WINS, Outcome.SECOND_WINS)
    seat_decides = duel(1, 9, 4, Outcome.FIRST_WINS, Outcome.FIRST_WINS, Outcome.DRAW, Outcome.DRAW)
    met = meetings(won_both + seat_decides)
    assert met[7, 9] == Pairs((0, 0, 0, 0, 1))
    assert met[9, 7] == Pairs((1, 0, 0, 0, 0))
    assert met[9, 4] == met[4, 9] == Pairs((0, 0, 2, 0, 0))


def test_starts_that_both_forfeited_say_nothing():
    both = duel(0, 1, 2, Outcome.DRAW, Outcome.FIRST_WINS, ending=Ending.FORFEIT)
    assert meetings(both) == {}


def test_the_order_is_as_certain_as_its_results():
    one_sided, even = Pairs((0, 0, 0, 0, 8)), Pairs((2, 0, 4, 0, 2))
    met = {(1, 2): one_sided, (2, 1): one_sided.flip(), (2, 3): even, (3, 2): even}
    met |= {(1, 3): one_sided, (3, 1): one_sided.flip()}
    first, second, last = order_certainty((1, 2, 3), met)
    assert first > 0.99
    assert second == pytest.approx(0.5)
    assert last is None
    assert order_certainty((), {}) == ()


def scores(met):
    return {pair: pairs.score for pair, pairs in met.items()}


def beats(*pairs):
    won = Pairs((0, 0, 1, 0, 3))
    return dict.fromkeys(pairs, won) | {pair[::-1]: won.flip() for pair in pairs}


def test_circles_are_found_once_and_begin_with_their_best():
    met = beats((2, 1), (1, 3), (3, 2), (1, 4), (2, 4), (3, 4))
    assert cycles((1, 2, 3, 4), scores(met)) == (Cycle((1, 3, 2), 0.375),)
    assert cycles((1, 2, 3, 4), scores(beats((1, 2), (1, 3), (2, 3)))) == ()


def test_the_clearest_circles_come_first():
    met = beats((1, 2), (2, 3), (3, 1), (4, 1), (2, 4))
    narrow = Pairs((0, 1, 2, 2, 0))
    met |= {(3, 1): narrow, (1, 3): narrow.flip()}
    found = cycles((1, 2, 3, 4), scores(met))
    assert [cycle.entries for cycle in found] == [(1, 2, 4), (1, 2, 3)]
    assert cycles((1, 2, 3, 4), scores(met), limit=1) == found[:1]
