"""Bradley-Terry ratings on the Elo scale with bootstrap intervals, from pairs of mirrored games.

Model: the expected score of i against j is 1 / (1 + 10 ** ((r_j - r_i) / 400)) (Bradley and Terry
1952; the scale is Elo's). A draw is half a win for each (Davidson 1970 gives draws a parameter of
their own; with half wins the estimates of the strengths stay consistent as long as drawing does
not depend on who plays).

Prior: every entrant also drew ``PRIOR_DRAWS`` games against an imagined one in the middle of the
field. That keeps unbeaten and beaten-by-all entrants finite, and is worth as much as a single
real drawn game. The maximum is unique and found by Newton's method (the objective is strictly
concave).

Scale: ratings are shifted so that the mean of the anchors is that of their fixed ratings, which
are what they got in the first round that they played: ``ANCHOR_RATING`` in the mean in the first
round of all, and anchors that come later are measured against those that were there. So ratings of
different rounds compare. Without anchors the field's mean is ``ANCHOR_RATING``.

Intervals: percentiles over ``RESAMPLES`` bootstrap resamples (Efron 1979) of whole starts. The two
games of a start share their board and are not independent; different starts are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]

ANCHOR_RATING: Final = 1000.0
PRIOR_DRAWS: Final = 1.0
RESAMPLES: Final = 400
CONFIDENCE: Final = 0.95
ELO: Final = 400.0 / np.log(10.0)
"""Elo points in one unit of log odds."""
MAX_STEP: Final = 2.0
"""Newton steps are cut to this many units of log odds, which keeps them convergent."""
TOLERANCE: Final = 1e-9
RESAMPLE_TOLERANCE: Final = 1e-5
"""Of resampled fits, whose spread is what counts: a five-hundredth of an Elo point."""
MAX_ITERATIONS: Final = 100


@dataclass(frozen=True, slots=True)
class StartResult:
    """What ``first`` scored against ``second`` over the games of one start."""

    first: int
    second: int
    points: float
    games: int
    """Games with a winner or a draw; those that both forfeited say nothing about strength."""


@dataclass(frozen=True, slots=True)
class Rating:
    """A strength on the Elo scale with its 95% interval."""

    value: float
    low: float
    high: float


def rate(
    results: Sequence[StartResult],
    entrants: int,
    anchors: Mapping[int, float],
    rng: np.random.Generator,
) -> tuple[Rating, ...]:
    """Rate a field.

    Args:
        results: one item a start, in an order that does not depend on how they were played.
        entrants: the field's size; ``results`` names entrants from 0.
        anchors: fixed ratings of entrants, of which the mean is kept; may be empty.
        rng: draws the resamples.

    Returns:
        One rating an entrant; the interval always holds the value.
    """
    starts = len(results)
    fixed = np.array(sorted(anchors), dtype=np.intp)
    middle = float(np.mean([*anchors.values()])) if anchors else ANCHOR_RATING
    first = np.array([result.first for result in results], dtype=np.intp)
    second = np.array([result.second for result in results], dtype=np.intp)
    points = np.array([result.points for result in results], dtype=np.float64)
    games = np.array([result.games for result in results], dtype=np.float64)

    cells = np.concatenate([first * entrants + second, second * entrants + first])
    scored = np.concatenate([points, games - points])

    def fitted(weights: FloatArray, guess: FloatArray, tolerance: float) -> FloatArray:
        counted = np.bincount(cells, np.tile(weights, 2) * scored, entrants**2)
        wins = counted.astype(np.float64, copy=False)  # which its stub does not know
        return strengths(wins.reshape(entrants, entrants), guess, tolerance)

    best = fitted(np.ones(starts), np.zeros(entrants), TOLERANCE)
    sampled = np.empty((RESAMPLES, entrants))
    for row in sampled:
        drawn = np.bincount(rng.integers(max(starts, 1), size=starts), minlength=starts)
        row[:] = _scaled(fitted(drawn.astype(np.float64), best, RESAMPLE_TOLERANCE), fixed, middle)
    values = _scaled(best, fixed, middle)
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(sampled, [tail, 1.0 - tail], axis=0)
    return tuple(
        Rating(float(value), float(min(value, below)), float(max(value, above)))
        for value, below, above in zip(values, low, high, strict=True)
    )


def rate_newcomer(
    results: Sequence[tuple[float, float, int]], rng: np.random.Generator
) -> Rating | None:
    """Rate one who met rated opponents, taking their ratings as they are.

    The prior is that of ``rate``, around the mean of these opponents.

    Args:
        results: an item a start: the opponent's rating, the points scored and the games played.
        rng: draws the resamples.

    Returns:
        The rating; None where no game says anything.
    """
    table = np.array(results, dtype=np.float64).reshape(-1, 3)
    against, points, games = table.T
    if not games.sum():
        return None
    middle = against.mean()
    ahead = (against - middle) / ELO

    def fitted(weights: FloatArray) -> FloatArray:
        """Return the most likely strengths ``(n,)`` under start weights ``(n, starts)``."""
        scored = (weights * points).sum(axis=1) + PRIOR_DRAWS / 2
        theta = np.zeros(len(weights))
        for _ in range(MAX_ITERATIONS):
            expected = 1.0 / (1.0 + np.exp(ahead - theta[:, None]))
            alone = 1.0 / (1.0 + np.exp(-theta))
            gradient = scored - (weights * games * expected).sum(axis=1) - PRIOR_DRAWS * alone
            slope = (weights * games * expected * (1.0 - expected)).sum(axis=1)
            step = gradient / (slope + PRIOR_DRAWS * alone * (1.0 - alone))
            step = np.clip(step, -MAX_STEP, MAX_STEP)
            theta += step
            if np.abs(step).max() < TOLERANCE:
                break
        rated: FloatArray = theta * ELO + middle
        return rated

    starts = len(results)
    drawn = rng.multinomial(starts, np.full(starts, 1.0 / starts), size=RESAMPLES)
    value = float(fitted(np.ones((1, starts)))[0])
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(fitted(drawn.astype(np.float64)), [tail, 1.0 - tail])
    return Rating(value, float(min(value, low)), float(max(value, high)))


def strengths(
    wins: FloatArray, guess: FloatArray | None = None, tolerance: float = TOLERANCE
) -> FloatArray:
    """Return the most likely strengths under the prior, in log odds around the field's middle.

    Args:
        wins: ``(n, n)``, what row scored against column; a draw is 1/2 in both.
        guess: ``(n,)``, where to start from.
        tolerance: of the last step, in log odds.
    """
    n = wins.shape[0]
    games = wins + wins.T
    scored = wins.sum(axis=1) + PRIOR_DRAWS / 2
    theta = np.zeros(n) if guess is None else guess.copy()
    for _ in range(MAX_ITERATIONS):
        expected = 1.0 / (1.0 + np.exp(theta[None, :] - theta[:, None]))
        alone = 1.0 / (1.0 + np.exp(-theta))
        gradient = scored - (games * expected).sum(axis=1) - PRIOR_DRAWS * alone
        weight = games * expected * (1.0 - expected)
        hessian = np.diag(weight.sum(axis=1) + PRIOR_DRAWS * alone * (1.0 - alone)) - weight
        step = np.clip(np.linalg.solve(hessian, gradient), -MAX_STEP, MAX_STEP)
        theta += step
        if np.abs(step).max(initial=0.0) < tolerance:
            break
    return theta


def _scaled(theta: FloatArray, anchors: NDArray[np.intp], middle: float) -> FloatArray:
    zero = theta[anchors].mean() if anchors.size else theta.mean()
    scaled: FloatArray = (theta - zero) * ELO + middle
    return scaled
