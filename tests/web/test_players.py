"""The players' ladder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.stored_people import FirstTry
from web.players import MIN_TRIES, ladder, rating_of

RESULTS = st.lists(
    st.tuples(st.floats(800, 2200), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=12
)
RATINGS = {"aa": 1400.0, "bb": 1500.0, "cc": 1600.0, "dd": 1700.0}


def tries(session: str, name: str, *, left: bool = False, **points: float) -> list[FirstTry]:
    return [FirstTry(session, name, model, made, left) for model, made in points.items()]


@given(RESULTS)
def test_a_better_result_never_lowers_a_rating(results: list[tuple[float, float]]):
    (rating, points), *others = results
    if points < 1.0:
        assert rating_of([(rating, points + 0.5), *others]) > rating_of(results)


@given(RESULTS)
def test_the_rating_is_where_the_points_made_are_those_expected(
    results: list[tuple[float, float]],
):
    rating = rating_of(results)
    mean = sum(each for each, _ in results) / len(results)
    games = [*results, (mean, 1.0), (mean, 0.0)]
    expected = sum(1 / (1 + 10 ** ((each - rating) / 400)) for each, _ in games)
    assert expected == pytest.approx(sum(made for _, made in games), abs=1e-6)


def test_who_beats_more_stands_higher_and_a_name_is_one_browsers():
    table = ladder(
        [
            *tries("s1", "Ann", aa=1, bb=1, cc=1),
            *tries("s2", "Bob", aa=1, bb=0.5, cc=0),
            *tries("s3", "Ann", aa=0, bb=0, cc=0),
        ],
        RATINGS,
    )
    assert [(row.rank, row.name) for row in table] == [(1, "Ann"), (2, "Bob"), (3, "Ann")]
    assert (table[1].points, table[1].tries) == (1.5, 3)


def test_too_few_tries_or_tries_against_the_unrated_bring_nobody_onto_the_ladder():
    few = tries("s", "Ann", aa=1, bb=1)
    assert len(few) < MIN_TRIES
    assert ladder([*few, *tries("s", "Ann", ee=1, ff=1)], RATINGS) == ()


def test_a_player_is_called_as_in_the_latest_game():
    rows = [*tries("s", "Ann", aa=1, bb=1), *tries("s", "Anna", cc=0)]
    assert [row.name for row in ladder(rows, RATINGS)] == ["Anna"]


def test_who_leaves_a_first_try_stands_where_who_lost_it_does():
    won = tries("s", "Ann", aa=1, bb=1, cc=1)
    (leaver,) = ladder([*won, *tries("s", "Ann", left=True, dd=0)], RATINGS)
    (loser,) = ladder([*won, *tries("s", "Ann", dd=0)], RATINGS)
    assert (leaver.tries, leaver.left, leaver.points) == (4, 1, 3.0)
    assert (leaver.rating, loser.left) == (loser.rating, 0)
