"""Which of a browser's games against a model is its first try: the one that it began first.

Not the one that ended first: else who does badly could break off, and finish another game sooner.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from web.tickets import Ticket

MOST_KEPT: Final = 50_000
"""Browsers and models whose first game is remembered; beyond them the longest ago are not."""

HasPlayed = Callable[[str, str, datetime], bool]


class FirstTries:
    """Of the games that this process opens; any thread may tell of them.

    Args:
        has_played: whether a browser had a stored game against a model at a time.
    """

    def __init__(self, has_played: HasPlayed) -> None:
        self._has_played = has_played
        self._lock = threading.Lock()
        self._first: OrderedDict[tuple[str, str], tuple[int, datetime]] = OrderedDict()
        """A browser's first game against a model here, and when it was opened."""

    def opened(self, ticket: Ticket) -> None:
        """Take note of a game that was opened."""
        pair = _pair(ticket)
        if pair is None:
            return
        with self._lock:
            self._first.setdefault(pair, (ticket.game, datetime.now(UTC)))
            if len(self._first) > MOST_KEPT:
                self._first.popitem(last=False)

    def never_was(self, ticket: Ticket) -> None:
        """Take note that a game ended before its first ply: another may still be the first."""
        pair = _pair(ticket)
        with self._lock:
            if pair is not None and self._first.get(pair, (0,))[0] == ticket.game:
                del self._first[pair]

    def is_first(self, ticket: Ticket) -> bool:
        """Whether a game is its browser's first try; asks storage.

        A game that goes on from a replay is none, and takes the place of one.
        """
        pair = _pair(ticket)
        if pair is None or ticket.takeover is not None:
            return False
        with self._lock:
            first = self._first.get(pair)
        if first is None or first[0] != ticket.game:
            return False
        return not self._has_played(*pair, first[1])


def _pair(ticket: Ticket) -> tuple[str, str] | None:
    """Return who rides against which model; None for somebody without cookies."""
    return None if ticket.player is None else (ticket.player, ticket.opponent.sha256)
