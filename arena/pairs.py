"""Starts counted by the points of their two games: the unit in which games are independent.

The two games of a start share their board, so their results are correlated; different starts are
not. Counting starts by the five sums that two games can have (the pentanomial of chess engine
testing) gives the variance without assuming anything about that correlation.

Uncertainty is that of a Dirichlet posterior under Jeffreys' prior, half a start in each of the
five classes (Jeffreys 1946), of which only mean and variance are used: a likelihood of superiority
is the posterior probability, by the normal approximation, that the expected score is the higher
one. The prior keeps a handful of one-sided starts from looking like certainty.
"""

import math
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

from arena.tally import Tally

Counts: TypeAlias = tuple[float, float, float, float, float]

SCORES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Points a game in each class."""
PRIOR: Final = 0.5
"""Starts in each class."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """How many starts gave 0, 1/2, 1, 3/2 and 2 points over their two games.

    >>> Pairs((1, 0, 0, 0, 3)) + Pairs((0, 0, 2, 0, 0))
    Pairs(counts=(1, 0, 2, 0, 3))
    """

    counts: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)

    @classmethod
    def of_start(cls, points: float) -> "Pairs":
        """Return one start that gave so many points.

        Raises:
            ValueError: two games cannot give these.
        """
        place = 2 * points
        if place not in range(5):
            raise ValueError(f"two games cannot give {points} points")
        one, half, even, most, both = (int(place == k) for k in range(5))
        return cls((one, half, even, most, both))

    @classmethod
    def of_tally(cls, start: Tally) -> "Pairs":
        """Return the start with this result; nothing where it does not tell about strength.

        That is where a game is missing, or was forfeited by both sides.
        """
        whole = start.games == 2 and not start.both_lost
        return cls.of_start(start.points) if whole else cls()

    def __add__(self, other: Self) -> "Pairs":
        a, b = self.counts, other.counts
        return Pairs((a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4]))

    def flip(self) -> "Pairs":
        """Return the same starts from the other side.

        >>> Pairs((1, 2, 3, 4, 5)).flip()
        Pairs(counts=(5, 4, 3, 2, 1))
        """
        a, b, c, d, e = self.counts
        return Pairs((e, d, c, b, a))

    @property
    def starts(self) -> int:
        """How many starts were played."""
        return sum(self.counts)

    @property
    def score(self) -> float:
        """Mean points a game; 1/2 of nothing played."""
        return moments(self.counts)[0] if self.starts else 0.5

    def superiority(self) -> float:
        """Return the likelihood that this side's expected score is above 1/2.

        >>> Pairs().superiority()
        0.5
        >>> round(Pairs((0, 0, 0, 0, 4)).superiority(), 3)
        0.995
        """
        mean, variance = _posterior(self)
        return normal_cdf((mean - 0.5) / math.sqrt(variance))


def superiority(first: Pairs, second: Pairs, direct: Pairs) -> float:
    """Return the likelihood that ``first`` is better than ``second`` over a whole round.

    Compared are the points that they would get in the round's starts. What they scored directly
    against each other counts twice, once for one and once against the other.

    Args:
        first: its starts against all others but ``second``.
        second: its starts against all others but ``first``.
        direct: the starts between the two, as ``first`` sees them.

    >>> round(superiority(Pairs(), Pairs(), Pairs((0, 0, 0, 0, 4))), 3)
    0.995
    """
    difference = variance = 0.0
    for pairs, weight in ((first, 1.0), (second, -1.0), (direct, 2.0)):
        mean, spread = _posterior(pairs)
        difference += weight * pairs.starts * (mean - 0.5)
        variance += (weight * pairs.starts) ** 2 * spread
    return normal_cdf(difference / math.sqrt(variance)) if variance else 0.5


def moments(weights: Counts) -> tuple[float, float]:
    """Return mean and variance of the points a game, over starts of these weights.

    >>> moments((1, 0, 0, 0, 3))
    (0.75, 0.1875)
    """
    total = sum(weights)
    mean = sum(w * s for w, s in zip(weights, SCORES, strict=True)) / total
    variance = sum(w * (s - mean) ** 2 for w, s in zip(weights, SCORES, strict=True)) / total
    return mean, variance


def normal_cdf(x: float) -> float:
    """Return the probability that a standard normal variable is below ``x``.

    >>> round(normal_cdf(1.959964), 4)
    0.975
    """
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def _posterior(pairs: Pairs) -> tuple[float, float]:
    """Return mean and variance of the expected score (moments of a Dirichlet distribution)."""
    a, b, c, d, e = (count + PRIOR for count in pairs.counts)
    mean, variance = moments((a, b, c, d, e))
    return mean, variance / (pairs.starts + len(SCORES) * PRIOR + 1.0)
