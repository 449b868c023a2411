"""How far chance may have moved a measured share."""

from math import sqrt
from typing import Final

Z_95: Final = 1.959964
"""The normal distribution's two-sided 95% point."""


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """Return the 95% score interval of a share (E. B. Wilson, JASA 22, 1927).

    Args:
        successes: among the trials; a draw is half a one.
        trials: at least 0; none leave everything possible. An effective number, of trials that
            depend on one another, need not be whole.

    >>> [round(bound, 3) for bound in wilson(0, 10)]
    [0.0, 0.278]
    """
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    z = Z_95**2 / trials
    middle = (share + z / 2) / (1 + z)
    reach = Z_95 / (1 + z) * sqrt(share * (1 - share) / trials + z / (4 * trials))
    # At 0 and 1 a bound is the share itself, but for rounding.
    return min(max(0.0, middle - reach), share), max(min(1.0, middle + reach), share)
