"""Paired starts and the likelihoods that follow from them."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.pairs import PRIOR, SCORES, Pairs, normal_cdf, superiority

COUNTS = st.tuples(*[st.integers(0, 30)] * 5)


def test_starts_are_counted_by_their_points():
    starts = [Pairs.of_start(points) for points in (0, 0.5, 0.5, 1, 2)]
    assert sum(starts, Pairs()).counts == (1, 2, 1, 0, 1)
    for impossible in (-0.5, 0.25, 2.5):
        with pytest.raises(ValueError, match="cannot give"):
            Pairs.of_start(impossible)


@pytest.mark.parametrize(
    ("counts", "likelihood"),
    [
        ((0, 0, 0, 0, 0), 0.5),
        ((3, 1, 5, 1, 3), 0.5),
        ((0, 0, 0, 0, 1), 0.791),
        ((0, 0, 0, 0, 4), 0.995),
        ((4, 0, 0, 0, 0), 0.005),
        ((10, 20, 30, 40, 20), 0.999),
        # The same score, but every start drawn as a pair: far more certain than coin flips.
        ((0, 0, 90, 10, 0), 0.996),
        ((48, 0, 0, 0, 53), 0.691),
    ],
)
def test_likelihood_of_superiority(counts, likelihood):
    assert Pairs(counts).superiority() == pytest.approx(likelihood, abs=0.0006)


@settings(max_examples=50, deadline=None)
@given(COUNTS)
def test_the_other_side_has_the_rest_of_the_likelihood(counts):
    pairs = Pairs(counts)
    assert pairs.flip().superiority() == pytest.approx(1 - pairs.superiority(), abs=1e-9)
    assert pairs.flip().score == pytest.approx(1 - pairs.score)


def test_likelihoods_are_those_of_the_posterior_itself():
    """Against draws from the Dirichlet distribution that the formula approximates."""
    counts = (6, 9, 14, 12, 8)
    drawn = np.random.default_rng(3).dirichlet(np.array(counts) + PRIOR, size=200_000)
    better = float((drawn @ np.array(SCORES) > 0.5).mean())
    assert Pairs(counts).superiority() == pytest.approx(better, abs=0.01)


@settings(max_examples=50, deadline=None)
@given(COUNTS)
def test_the_variance_is_that_of_an_independent_library(counts):
    """scipy's Dirichlet distribution, of which the score is a weighted sum."""
    posterior = scipy.stats.dirichlet(np.array(counts) + PRIOR)
    scores = np.array(SCORES)
    mean = float(posterior.mean() @ scores)
    deviation = math.sqrt(float(scores @ posterior.cov() @ scores))
    expected = scipy.stats.norm.cdf((mean - 0.5) / deviation)
    assert Pairs(counts).superiority() == pytest.approx(expected, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(COUNTS, COUNTS, COUNTS)
def test_superiority_over_a_round_flips_with_the_sides(first, second, direct):
    ours, theirs, between = Pairs(first), Pairs(second), Pairs(direct)
    one = superiority(ours, theirs, between)
    assert superiority(theirs, ours, between.flip()) == pytest.approx(1 - one, abs=1e-9)


def test_a_better_round_makes_up_for_a_lost_duel():
    strong, weak = Pairs((0, 0, 4, 0, 36)), Pairs((0, 0, 36, 0, 4))
    assert superiority(strong, weak, Pairs((3, 0, 1, 0, 0))) > 0.99
    assert superiority(weak, weak, Pairs((3, 0, 1, 0, 0))) < 0.2


def test_the_normal_distribution():
    for x, below in ((0.0, 0.5), (1.0, 0.8413447), (-2.0, 0.0227501), (9.0, 1.0)):
        assert normal_cdf(x) == pytest.approx(below, abs=1e-7)
