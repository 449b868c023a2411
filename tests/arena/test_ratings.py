import math

import choix
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.ratings import ANCHOR_RATING, ELO, PRIOR_DRAWS, StartResult, rate, strengths


def rng():
    return np.random.default_rng(1)


def ratings(results, entrants, anchors=()):
    fixed = dict.fromkeys(anchors, ANCHOR_RATING)
    return [rating.value for rating in rate(results, entrants, fixed, rng())]


@st.composite
def fields(draw):
    entrants = draw(st.integers(2, 6))
    pairs = [(i, j) for i in range(entrants) for j in range(i)]
    results = [
        StartResult(*draw(st.sampled_from(pairs)), draw(st.integers(0, 4)) / 2, 2)
        for _ in range(draw(st.integers(0, 12)))
    ]
    return entrants, results


@settings(max_examples=25, deadline=None)
@given(fields(), st.randoms(use_true_random=False))
def test_order_does_not_matter(field, random):
    entrants, results = field
    shuffled = random.sample(results, len(results))
    assert ratings(results, entrants) == pytest.approx(ratings(shuffled, entrants), abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(fields(), st.data())
def test_entrants_may_be_numbered_in_any_order(field, data):
    entrants, results = field
    number = data.draw(st.permutations(range(entrants)))
    renamed = [StartResult(number[r.first], number[r.second], r.points, r.games) for r in results]
    expected = ratings(results, entrants)
    found = ratings(renamed, entrants)
    assert [found[number[i]] for i in range(entrants)] == pytest.approx(expected, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(fields())
def test_swapping_sides_of_a_result_changes_nothing(field):
    entrants, results = field
    swapped = [StartResult(r.second, r.first, r.games - r.points, r.games) for r in results]
    assert ratings(results, entrants) == pytest.approx(ratings(swapped, entrants), abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(fields())
def test_intervals_are_finite_and_hold_the_value(field):
    entrants, results = field
    for rating in rate(results, entrants, {}, rng()):
        assert math.isfinite(rating.low)
        assert math.isfinite(rating.high)
        assert rating.low <= rating.value <= rating.high


def test_known_strengths_are_recovered():
    true = np.array([1300.0, 1150.0, 1000.0, 900.0])
    generator = np.random.default_rng(5)
    results = [
        StartResult(
            i, j, float(generator.binomial(2, 1 / (1 + 10 ** ((true[j] - true[i]) / 400)))), 2
        )
        for i in range(4)
        for j in range(i)
        for _ in range(2000)
    ]
    found = rate(results, 4, {2: ANCHOR_RATING}, rng())
    assert [rating.value for rating in found] == pytest.approx(true, abs=15)
    for rating, value in zip(found, true, strict=True):
        assert rating.high - rating.low < 60
        assert rating.low - 15 <= value <= rating.high + 15


def test_the_two_player_case_has_a_closed_form():
    """Score s of n games plus the prior: the strengths are opposite and balance each other."""
    wins = np.array([[0.0, 6.0], [2.0, 0.0]])
    first, second = strengths(wins)
    assert first == pytest.approx(-second)
    expected = 8 / (1 + np.exp(-2 * first)) + PRIOR_DRAWS / (1 + np.exp(-first))
    assert expected == pytest.approx(6.0 + PRIOR_DRAWS / 2)


def test_unbeaten_and_beaten_by_all_stay_finite_and_in_order():
    results = [StartResult(i, j, 2.0, 2) for i in range(4) for j in range(i + 1, 4)] * 50
    found = ratings(results, 4)
    assert found == sorted(found, reverse=True)
    assert 1000 < found[0] < 4000
    assert -2000 < found[3] < 1000


def test_anchors_fix_the_scale():
    results = [StartResult(0, 1, 1.5, 2), StartResult(1, 2, 1.5, 2), StartResult(0, 2, 2.0, 2)]
    free = ratings(results, 3)
    assert np.mean(free) == pytest.approx(ANCHOR_RATING)
    anchored = ratings(results, 3, anchors=(1, 2))
    assert np.mean(anchored[1:]) == pytest.approx(ANCHOR_RATING)
    assert np.diff(anchored) == pytest.approx(np.diff(free))


def test_no_games_no_difference():
    assert ratings([], 3) == pytest.approx([ANCHOR_RATING] * 3)
    assert ratings([StartResult(0, 1, 0.0, 0)], 2) == pytest.approx([ANCHOR_RATING] * 2)


def test_more_starts_give_narrower_intervals():
    few = [StartResult(0, 1, 2.0, 2), StartResult(0, 1, 1.0, 2), StartResult(0, 1, 0.0, 2)] * 3
    narrow, wide = rate(few * 20, 2, {}, rng())[0], rate(few, 2, {}, rng())[0]
    assert narrow.high - narrow.low < (wide.high - wide.low) / 2


def test_fixed_ratings_of_anchors_carry_the_scale_from_round_to_round():
    results = [StartResult(0, 1, 1.5, 2), StartResult(1, 2, 1.5, 2), StartResult(0, 2, 2.0, 2)]
    free = ratings(results, 3)
    rated = [rating.value for rating in rate(results, 3, {1: 1300.0, 2: 1100.0}, rng())]
    assert np.mean(rated[1:]) == pytest.approx(1200.0)
    assert np.diff(rated) == pytest.approx(np.diff(free))


@settings(max_examples=25, deadline=None)
@given(fields())
def test_strengths_are_those_of_an_independent_library(field):
    """choix, with the prior's imagined entrant as one more who drew once with everybody."""
    entrants, results = field
    wins = np.zeros((entrants + 1, entrants + 1))
    for result in results:
        wins[result.first, result.second] += result.points
        wins[result.second, result.first] += result.games - result.points
    ours = strengths(wins[:-1, :-1])
    wins[:-1, -1] += PRIOR_DRAWS / 2
    wins[-1, :-1] += PRIOR_DRAWS / 2
    theirs = choix.ilsr_pairwise_dense(wins, max_iter=10_000, tol=1e-10)
    assert ours == pytest.approx(theirs[:-1] - theirs[-1], abs=1e-5)


def test_intervals_are_those_of_an_independent_library():
    """scipy's percentile bootstrap of the same fit, over the starts of one pair."""
    points = np.array([2.0] * 11 + [1.5] * 5 + [1.0] * 8 + [0.5] * 2 + [0.0] * 4)

    def difference(sample):
        scored = sample.sum()
        first, second = strengths(np.array([[0.0, scored], [2.0 * sample.size - scored, 0.0]]))
        return (first - second) * ELO

    theirs = scipy.stats.bootstrap(
        (points,), difference, method="percentile", n_resamples=2000, vectorized=False, rng=rng()
    ).confidence_interval
    ours, _ = rate([StartResult(0, 1, p, 2) for p in points], 2, {1: 0.0}, rng())
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs), abs=12)
