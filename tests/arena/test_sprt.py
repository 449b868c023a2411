"""The sequential test, pinned by published results and by brute force."""

import itertools
import math

import numpy as np
import pytest
import scipy.optimize

from arena.pairs import SCORES, Pairs
from arena.sprt import REGULAR, Decision, Test, expected_score


@pytest.mark.parametrize(
    ("counts", "elo0", "elo1", "ratio"),
    [
        # Published in the tests of fastchess (logistic Elo, pentanomial counts).
        ((223, 9863, 20279 + 1000, 10037, 246), 0.5, 2.5, -3.07),
        ((871, 26175, 55003 + 980, 26678, 821), 0.0, 2.0, -4.98),
    ],
)
def test_published_cases(counts, elo0, elo1, ratio):
    assert Test(elo0, elo1).log_ratio(Pairs(counts)) == pytest.approx(ratio, rel=0.01)


def likelihood(counts, score, steps=40):
    """The largest log likelihood of any distribution with this mean, by trying them all."""
    best = -math.inf
    grid = np.linspace(1e-6, 1.0, steps)
    for a, c, d in itertools.product(grid, repeat=3):
        # Two equations, sum and mean, leave the second and the last class.
        rest, mean = 1.0 - a - c - d, score - 0.5 * c - 0.75 * d
        e = (mean - 0.25 * rest) / 0.75
        b = rest - e
        if min(b, e) > 0.0:
            found = float(np.dot(counts, np.log([a, b, c, d, e])))
            best = max(best, found)
    return best


def test_ratios_are_those_of_the_likeliest_distributions():
    counts = (2, 3, 9, 5, 6)
    test = Test(-20.0, 120.0)
    tried = [likelihood(counts, expected_score(elo)) for elo in (test.elo0, test.elo1)]
    assert test.log_ratio(Pairs(counts)) == pytest.approx(tried[1] - tried[0], abs=0.1)


@pytest.mark.parametrize("counts", [(2, 3, 9, 5, 6), (0, 1, 30, 9, 0), (5, 0, 0, 0, 11)])
def test_likelihoods_are_those_that_an_independent_optimiser_finds(counts):
    """scipy's constrained optimiser, over all distributions of the hypothesis' mean."""
    weights = np.array(counts) + np.where(np.array(counts) == 0, REGULAR, 0.0)

    def largest(score):
        found = scipy.optimize.minimize(
            lambda p: -float(weights @ np.log(p)),
            np.full(5, 0.2),
            jac=lambda p: -weights / p,
            bounds=[(1e-9, 1.0)] * 5,
            constraints=[
                {"type": "eq", "fun": lambda p: p.sum() - 1.0},
                {"type": "eq", "fun": lambda p: float(p @ np.array(SCORES)) - score},
            ],
            method="SLSQP",
            options={"maxiter": 1000, "ftol": 1e-12},
        )
        assert found.success
        return -found.fun

    test = Test(-20.0, 120.0)
    ratio = largest(expected_score(test.elo1)) - largest(expected_score(test.elo0))
    assert test.log_ratio(Pairs(counts)) == pytest.approx(ratio, abs=1e-4)


def test_even_results_favour_neither_of_opposite_hypotheses():
    assert Test(-10.0, 10.0).log_ratio(Pairs((3, 4, 9, 4, 3))) == pytest.approx(0.0, abs=1e-9)
    assert Test().log_ratio(Pairs()) == 0.0


def test_one_sided_results_are_decided_and_others_are_not():
    test = Test(0.0, 100.0)
    assert test.decide(Pairs((0, 0, 0, 0, 40))) is Decision.BETTER
    assert test.decide(Pairs((40, 0, 0, 0, 0))) is Decision.NOT_BETTER
    assert test.decide(Pairs((1, 1, 2, 1, 2))) is Decision.UNDECIDED
    assert test.decide(Pairs((0, 0, 500, 0, 0))) is Decision.NOT_BETTER


@pytest.mark.parametrize(
    ("strength", "wrong"), [(0.0, Decision.BETTER), (80.0, Decision.NOT_BETTER)]
)
def test_errors_are_as_rare_as_asked_for(strength, wrong):
    test = Test(0.0, 80.0, alpha=0.1, beta=0.1)
    score = expected_score(strength)
    weights = np.full(5, (2 - 2 * score) / 5)  # all classes alike, and more starts won outright
    weights[-1] += 2 * score - 1
    rng = np.random.default_rng(5)
    mistaken = 0
    for _ in range(200):
        pairs = Pairs()
        while (decision := test.decide(pairs)) is Decision.UNDECIDED:
            pairs += Pairs.of_start(rng.choice(5, p=weights) / 2)
        mistaken += decision is wrong
    assert mistaken < 200 * 0.1 * 1.6


@pytest.mark.parametrize("options", [{"elo0": 5, "elo1": 5}, {"alpha": 0.0}, {"beta": 0.6}])
def test_what_is_no_test_is_refused(options):
    with pytest.raises(ValueError, match="must be"):
        Test(**options)
