"""Which of a browser's games against a model is its first try: the one that it began first.

Not the one that ended first: else who does badly could break off, and finish another game sooner.
"""

import threading
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Final

from web.tickets import Ticket

MOST_KEPT: Final = 50_000
"""Browsers and models whose first game is remembered; beyond them the longest ago are not."""


class FirstTries:
    """Of the games that this process opens; any thread may tell of them."""

    def __init__(self) -> None:
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

    def opened_at(self, ticket: Ticket) -> datetime | None:
        """Return when a game was opened, if it is its browser's first here; else None.

        It is a first try unless a game from before that time is stored. One that goes on from a
        replay is none, and takes the place of one.
        """
        pair = _pair(ticket)
        if pair is None or ticket.takeover is not None:
            return None
        with self._lock:
            game, at = self._first.get(pair, (0, None))
        return at if game == ticket.game else None


def _pair(ticket: Ticket) -> tuple[str, str] | None:
    """Return who rides against which model; None for somebody without cookies."""
    return None if ticket.player is None else (ticket.player, ticket.opponent.sha256)
