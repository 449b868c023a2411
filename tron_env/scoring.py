"""Apex's death-cause score: how a game ended, as one number for each seat."""

from tron_env.errors import EngineError
from tron_env.types import DeathCause, Outcome, Seat

KILLS = frozenset({DeathCause.OPPONENT, DeathCause.HEAD_ON})
"""Causes that are the other rider's doing."""


def apex_score(causes: tuple[DeathCause, DeathCause], outcome: Outcome) -> tuple[float, float]:
    """Return the score of a finished game for both seats, 0.0 to 1.0.

    Who loses without a death, by forfeit, counts as having died on its own.

    Raises:
        EngineError: the game is not finished.

    >>> apex_score((DeathCause.NONE, DeathCause.WALL), Outcome.FIRST_WINS)
    (0.8, 0.0)
    """
    if outcome is Outcome.ONGOING:
        raise EngineError("an unfinished game has no score")
    return _score(causes, outcome, Seat.FIRST), _score(causes, outcome, Seat.SECOND)


def _score(causes: tuple[DeathCause, DeathCause], outcome: Outcome, seat: Seat) -> float:
    killed_other = causes[seat.other] in KILLS
    killed = causes[seat] in KILLS
    out = causes[seat] is not DeathCause.NONE or outcome.winner is seat.other
    other_out = causes[seat.other] is not DeathCause.NONE or outcome.winner is seat
    if killed_other and not out:
        return 1.0
    if other_out and not out:
        return 0.8
    if killed_other:
        return 0.4
    if not out:
        return 0.25
    return 0.1 if killed else 0.0
