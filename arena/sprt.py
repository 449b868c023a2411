"""Wald's sequential test on paired starts: is one side better than another by so much?

The test (A. Wald, "Sequential Tests of Statistical Hypotheses", 1945) goes on until the logarithm
of the likelihood ratio of two hypotheses leaves an interval. The hypotheses are expected scores,
the distribution over the five results of a start is otherwise unknown; so each likelihood is the
largest one that a distribution of that expected score gives (the generalised test; with the
empirical distribution tilted as in A. B. Owen, "Empirical Likelihood", 2001, section 2.9). This
is the form that chess engine testing has arrived at; M. Van den Bergh, "A practical introduction
to the GSPRT", works it out. Classes that did not occur get a weight of ``REGULAR``, so that the
likelihoods are positive.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from arena.pairs import SCORES, Counts, Pairs

REGULAR: Final = 1e-3
HALVINGS: Final = 200
"""More than enough to find a tilt to the last bit."""


class Decision(StrEnum):
    """What a test says so far."""

    BETTER = "better"
    """The hypothesis of the higher Elo is accepted."""
    NOT_BETTER = "not better"
    """The hypothesis of the lower Elo is accepted."""
    UNDECIDED = "undecided"
    """More starts are needed."""


@dataclass(frozen=True, slots=True)
class Test:
    """What is tested: that a side is ``elo1`` stronger, against that it is ``elo0`` stronger.

    Raises:
        ValueError: the hypotheses or error rates make no test.
    """

    __test__ = False  # not one of pytest's

    elo0: float = 0.0
    elo1: float = 30.0
    alpha: float = 0.05
    """How often a side that is only ``elo0`` stronger may be called better."""
    beta: float = 0.05
    """How often a side that is ``elo1`` stronger may be called not better."""

    def __post_init__(self) -> None:
        if not self.elo0 < self.elo1:
            raise ValueError(f"elo0 is {self.elo0:g} and must be below elo1, {self.elo1:g}")
        if not (0 < self.alpha < 0.5 and 0 < self.beta < 0.5):
            raise ValueError("alpha and beta must be between 0 and 1/2")

    @property
    def bounds(self) -> tuple[float, float]:
        """The interval in which the log likelihood ratio is undecided.

        >>> [round(bound, 3) for bound in Test().bounds]
        [-2.944, 2.944]
        """
        lower = math.log(self.beta / (1.0 - self.alpha))
        return lower, math.log((1.0 - self.beta) / self.alpha)

    def log_ratio(self, pairs: Pairs) -> float:
        """Return the log likelihood ratio of ``elo1`` to ``elo0``; 0 of nothing played."""
        if not pairs.starts:
            return 0.0
        a, b, c, d, e = (count or REGULAR for count in pairs.counts)
        weights = (a, b, c, d, e)
        tilts = (_tilt(weights, expected_score(elo)) for elo in (self.elo0, self.elo1))
        (score0, tilt0), (score1, tilt1) = tilts
        return sum(
            weight * math.log((1.0 + tilt0 * (s - score0)) / (1.0 + tilt1 * (s - score1)))
            for weight, s in zip(weights, SCORES, strict=True)
        )

    def decide(self, pairs: Pairs) -> Decision:
        """Return what the starts say so far."""
        lower, upper = self.bounds
        ratio = self.log_ratio(pairs)
        if ratio >= upper:
            return Decision.BETTER
        return Decision.NOT_BETTER if ratio <= lower else Decision.UNDECIDED


def expected_score(elo: float) -> float:
    """Return the expected points a game of a side that is ``elo`` stronger.

    >>> round(expected_score(200), 4)
    0.7597
    """
    return 1.0 / (1.0 + math.pow(10.0, -elo / 400.0))


def _tilt(weights: Counts, score: float) -> tuple[float, float]:
    """Return ``score`` and the tilt that gives the likeliest distribution of that mean.

    The distribution is weight / (1 + tilt * (s - score)), up to its sum; the tilt makes its mean
    right. What is solved for falls with the tilt, between the two poles.
    """
    low, high = -1.0 / (SCORES[-1] - score), -1.0 / (SCORES[0] - score)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        if not low < middle < high:
            break
        excess = sum(
            weight * (s - score) / (1.0 + middle * (s - score))
            for weight, s in zip(weights, SCORES, strict=True)
        )
        if excess > 0.0:
            low = middle
        else:
            high = middle
    return score, (low + high) / 2.0
