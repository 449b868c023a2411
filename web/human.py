"""How models fare against people: shares of games, with how far chance may have moved them.

A game counts once it was decided or drawn; abandoned ones stand apart and are nobody's. A *first
try* is a browser's first game against a model. Where that one was abandoned there is no first try,
so that nobody improves it by leaving.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from agents.intervals import wilson
from arena.records import HumanRecord

_COUNTS: Final = attrgetter(*HumanRecord.__slots__)


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


def total_record(records: Iterable[HumanRecord]) -> HumanRecord:
    """Return several records as one.

    >>> total_record([HumanRecord(1, 2, 0, 1, 1, 0, 0), HumanRecord(2, 0, 1, 0, 1, 0, 1)])
    HumanRecord(wins=3, losses=2, draws=1, abandoned=1, first_wins=2, first_losses=0, first_draws=1)
    """
    return HumanRecord(*map(sum, zip(*map(_COUNTS, records), strict=True)))


def first_tries(record: HumanRecord) -> Tries:
    """Return how people's first games against a model went."""
    first = record.first_wins + record.first_losses + record.first_draws
    return Tries(record.first_losses, first)


def all_tries(record: HumanRecord) -> Tries:
    """Return how all games of people against a model went."""
    return Tries(record.losses, record.wins + record.losses + record.draws)
