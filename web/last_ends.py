"""How games ended that are just over, for whoever lost the line meanwhile and comes back."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from replays.format import Replay
from web.live_types import FinishedGame, LiveEnding
from web.standing import Counted
from web.tickets import Ticket

KEPT_SECONDS: Final = 30.0
MOST_ANSWERS: Final = 3
"""As often a game's end is told again: a line that breaks off may do so once more."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A game of which is known how it ended, and what it counts as."""

    ticket: Ticket
    record: FinishedGame
    replay: Replay
    counted: Counted | None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When it ended."""

    @property
    def has_result(self) -> bool:
        """Whether its person won or lost, also where that was not there to be told."""
        return self.record.told or self.record.ending is LiveEnding.CONCEDED


@dataclass(slots=True, eq=False)
class LastEnd:
    """A game that is over.

    Attributes:
        ticket: its.
        until: when it is forgotten.
        client: to whom its replay is told.
        answers: how often its end is told again.
        told: how it ended, once that is known.
        address: its replay's, once it is stored.
    """

    ticket: Ticket
    until: float
    client: str
    answers: int = MOST_ANSWERS
    told: Told | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CameBack:
    """A client that comes back to a game that is over."""

    last: LastEnd
    client: str

    @property
    def ticket(self) -> Ticket:
        """The game's."""
        return self.last.ticket


class LastEnds:
    """Those of the last half minute; the clock's thread keeps and finds them.

    Args:
        now: a monotonic clock in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._kept: dict[int, LastEnd] = {}
        """By the game's number, oldest first."""

    def keep(self, ticket: Ticket) -> None:
        """Take a game that is over, and forget what is old."""
        now = self._now()
        self._kept[ticket.game] = LastEnd(ticket, now + KEPT_SECONDS, ticket.client)
        while (oldest := next(iter(self._kept.values()))).until <= now:
            del self._kept[oldest.ticket.game]

    def of(self, game: int) -> LastEnd | None:
        """Return a game that is over; any thread may ask."""
        return self._kept.get(game)

    def found(self, client: str, game: int, key: str) -> LastEnd | None:
        """Return the game that a client comes back to, now its own; None without its key."""
        last = self._kept.get(game)
        if (
            last is None
            or not last.answers
            or last.until <= self._now()
            or not secrets.compare_digest(last.ticket.key, key)
        ):
            return None
        last.answers -= 1
        last.client = client
        return last
