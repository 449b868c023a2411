"""How models fare against people: shares of games, with how far chance may have moved them.

A game counts once it was decided or drawn; abandoned ones stand apart and are nobody's. A *first
try* is a browser's first game against a model. Where that one was abandoned there is no first try,
so that nobody improves it by leaving.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

from agents.intervals import wilson
from arena.records import HumanRecord


@dataclass(frozen=True, slots=True)
class Tries:
    """How often people have beaten a model.

    Attributes:
        beaten: games that people won.
        tries: games that were decided or drawn.
    """

    beaten: int
    tries: int

    @property
    def percent(self) -> int:
        """The share that people won."""
        return round(100 * self.beaten / self.tries) if self.tries else 0

    @property
    def interval(self) -> tuple[int, int]:
        """Its 95% interval in percent."""
        low, high = wilson(self.beaten, self.tries)
        return round(100 * low), round(100 * high)

    @property
    def text(self) -> str:
        """Share and interval.

        >>> Tries(9, 38).text
        '24% (13 to 39)'
        """
        low, high = self.interval
        return f"{self.percent}% ({low} to {high})"


def total_record(records: Iterable[HumanRecord]) -> HumanRecord:
    """Return several records as one.

    >>> total_record([HumanRecord(1, 2, 0, 1, 1, 0, 0), HumanRecord(2, 0, 1, 0, 1, 0, 1)])
    HumanRecord(wins=3, losses=2, draws=1, abandoned=1, first_wins=2, first_losses=0, first_draws=1)
    """
    return HumanRecord(*map(sum, zip(*map(astuple, records), strict=True)))


def first_tries(record: HumanRecord) -> Tries:
    """Return how people's first games against a model went."""
    first = record.first_wins + record.first_losses + record.first_draws
    return Tries(record.first_losses, first)


def all_tries(record: HumanRecord) -> Tries:
    """Return how all games of people against a model went."""
    return Tries(record.losses, record.wins + record.losses + record.draws)


def record_text(record: HumanRecord) -> str:
    """Say how people have fared against a model in all.

    >>> record_text(HumanRecord(28, 9, 1, 3, 0, 0, 0))
    'Beaten in 24% (13 to 39) of 38 games by people; 3 more were abandoned'
    >>> record_text(HumanRecord(0, 0, 0, 0, 0, 0, 0))
    'Nobody has finished a game against it yet'
    """
    tried = all_tries(record)
    if not tried.tries:
        return "Nobody has finished a game against it yet"
    games = "game" if tried.tries == 1 else "games"
    text = f"Beaten in {tried.text} of {tried.tries} {games} by people"
    if record.abandoned:
        text += f"; {record.abandoned} more {'was' if record.abandoned == 1 else 'were'} abandoned"
    return text
