"""What one side scored against another; tallies add up, and flip to the other side's view.

Win 1, draw 1/2, loss 0. A game in which both sides forfeit is lost by both.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from replays.format import Ending
from tron_env.types import Outcome, Seat


@dataclass(frozen=True, slots=True)
class Tally:
    """Results of one side against another, or against all others.

    >>> Tally(wins=2, draws=1) + Tally(losses=1)
    Tally(wins=2, draws=1, losses=1, both_lost=0, forfeits=0, other_forfeits=0)
    """

    wins: int = 0
    draws: int = 0
    losses: int = 0
    """Lost to the other side."""
    both_lost: int = 0
    """Lost by both sides, each by its own forfeit."""
    forfeits: int = 0
    """How many games this side lost by its own fault, ``both_lost`` included."""
    other_forfeits: int = 0

    def __add__(self, other: Self) -> "Tally":
        return Tally(
            self.wins + other.wins,
            self.draws + other.draws,
            self.losses + other.losses,
            self.both_lost + other.both_lost,
            self.forfeits + other.forfeits,
            self.other_forfeits + other.other_forfeits,
        )

    @property
    def games(self) -> int:
        """How many games were scored."""
        return self.wins + self.draws + self.losses + self.both_lost

    @property
    def points(self) -> float:
        """Win 1, draw 1/2, loss 0."""
        return self.wins + self.draws / 2

    def flip(self) -> "Tally":
        """Return the same games from the other side."""
        return Tally(
            self.losses,
            self.draws,
            self.wins,
            self.both_lost,
            self.other_forfeits,
            self.forfeits,
        )


def tally_of(outcome: Outcome, ending: Ending, seat: Seat) -> Tally:
    """Return one finished game as the rider in ``seat`` sees it.

    Raises:
        ValueError: the game has no result.

    >>> tally_of(Outcome.FIRST_WINS, Ending.RULES, Seat.SECOND).losses
    1
    """
    forfeit = int(ending is Ending.FORFEIT)
    if outcome is Outcome.ONGOING or ending is Ending.ABANDONED:
        raise ValueError("a game without a result cannot be scored")
    if outcome.winner is None:
        if forfeit:
            return Tally(both_lost=1, forfeits=1, other_forfeits=1)
        return Tally(draws=1)
    if outcome.winner is seat:
        return Tally(wins=1, other_forfeits=forfeit)
    return Tally(losses=1, forfeits=forfeit)


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of ``tallies``."""
    return sum(tallies, Tally())
