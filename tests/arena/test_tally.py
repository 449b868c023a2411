import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.tally import Tally, tally_of, total
from replays.format import Ending
from tron_env.types import Outcome, Seat

FINISHED = [
    (outcome, ending)
    for outcome in (Outcome.FIRST_WINS, Outcome.SECOND_WINS, Outcome.DRAW, Outcome.TRUNCATED)
    for ending in (Ending.RULES, Ending.FORFEIT)
    if (outcome, ending) != (Outcome.TRUNCATED, Ending.FORFEIT)
]
games = st.tuples(st.sampled_from(FINISHED), st.sampled_from(Seat))
tallies = st.lists(games, max_size=12).map(
    lambda played: total(tally_of(*result, seat) for result, seat in played)
)


@given(tallies)
def test_flipping_twice_changes_nothing(tally):
    assert tally.flip().flip() == tally


@given(tallies, tallies, tallies)
def test_tallies_add_up_in_any_order(a, b, c):
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Tally() == a
    assert (a + b).flip() == a.flip() + b.flip()


@given(tallies)
def test_every_game_gives_one_point_unless_both_lost_it(tally):
    assert tally.points + tally.flip().points == tally.games - tally.both_lost
    assert tally.games == tally.flip().games
    assert tally.forfeits <= tally.losses + tally.both_lost


@given(games)
def test_the_other_seat_sees_the_same_game_flipped(game):
    (outcome, ending), seat = game
    assert tally_of(outcome, ending, seat).flip() == tally_of(outcome, ending, seat.other)


@pytest.mark.parametrize(
    ("outcome", "ending", "points", "forfeits"),
    [
        (Outcome.FIRST_WINS, Ending.RULES, (1, 0), (0, 0)),
        (Outcome.DRAW, Ending.RULES, (0.5, 0.5), (0, 0)),
        (Outcome.TRUNCATED, Ending.RULES, (0.5, 0.5), (0, 0)),
        (Outcome.SECOND_WINS, Ending.FORFEIT, (0, 1), (1, 0)),
        (Outcome.DRAW, Ending.FORFEIT, (0, 0), (1, 1)),
    ],
)
def test_points(outcome, ending, points, forfeits):
    tally = tally_of(outcome, ending, Seat.FIRST)
    assert (tally.points, tally.flip().points) == points
    assert (tally.forfeits, tally.other_forfeits) == forfeits
    assert tally.games == 1


@pytest.mark.parametrize(
    ("outcome", "ending"),
    [(Outcome.ONGOING, Ending.RULES), (Outcome.ONGOING, Ending.ABANDONED)],
)
def test_unfinished_games_are_not_scored(outcome, ending):
    with pytest.raises(ValueError, match="without a result"):
        tally_of(outcome, ending, Seat.FIRST)
