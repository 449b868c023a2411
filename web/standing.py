"""How models fare against people, as players are told: what is stored, and what is about to be.

Several processes store games in one database. So what is stored is read anew now and then, and the
games that this process has told of and not stored yet are added.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, Literal, TypeAlias, get_args

from arena.records import HumanRecord
from web.live_types import FinishedGame, LiveEnding
from web.tickets import Ticket, result_of

Result: TypeAlias = Literal["wins", "losses", "draws", "abandoned"]
"""The field of a ``HumanRecord`` that a game counts in."""
RESULTS: Final[tuple[Result, ...]] = get_args(Result)
Counted: TypeAlias = tuple[str, Result]
"""A model's SHA-256, and what a game against it counts as."""

NOTHING: Final = HumanRecord(0, 0, 0, 0, 0, 0, 0)


class Standing:
    """Records of models by SHA-256; any thread may ask and tell."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stored: dict[str, HumanRecord] = {}
        self._told: Counter[Counted] = Counter()
        """Games that are told and not stored yet."""

    def __contains__(self, sha256: str) -> bool:
        """Whether a model's record was ever read."""
        return sha256 in self._stored

    def of(self, sha256: str) -> HumanRecord:
        """Return a model's record.

        Raises:
            KeyError: it was never read.
        """
        with self._lock:
            record = self._stored[sha256]
            told = {result: self._told[sha256, result] for result in RESULTS}
        return _with(record, told)

    @property
    def models(self) -> tuple[str, ...]:
        """The models whose records were read."""
        with self._lock:
            return tuple(self._stored)

    def begin(self, sha256: str, record: HumanRecord) -> None:
        """Take what storage says of a model that nobody has ridden against here."""
        with self._lock:
            self._stored.setdefault(sha256, record)

    def read(self, records: Mapping[str, HumanRecord]) -> None:
        """Take what storage says by now; only from the thread that stores games."""
        with self._lock:
            self._stored.update(records)

    def tell(self, game: Counted) -> None:
        """Count a game that is about to be stored."""
        with self._lock:
            self._told[game] += 1

    def settle(self, games: Iterable[Counted]) -> None:
        """Take note that games that were told are stored by now.

        One that never will be counts until the next ``read``.
        """
        with self._lock:
            for (sha256, result), count in Counter(games).items():
                self._told[sha256, result] -= count
                if not self._told[sha256, result]:
                    del self._told[sha256, result]
                self._stored[sha256] = _with(self._stored[sha256], {result: count})


def counted_as(ticket: Ticket, game: FinishedGame) -> Counted | None:
    """Return what a game counts as; None for a void one, and one that goes on from a replay."""
    if ticket.takeover is not None:
        return None
    key = ticket.opponent.sha256
    if game.ending in (LiveEnding.ABANDONED, LiveEnding.CLOSED):
        return key, "abandoned"
    match result_of(ticket, game):
        case "won":
            return key, "losses"
        case "lost":
            return key, "wins"
        case "draw":
            return key, "draws"
        case _:
            return None


def _with(record: HumanRecord, games: Mapping[Result, int]) -> HumanRecord:
    """Return a record with so many games more of each result."""
    more = {result: getattr(record, result) + count for result, count in games.items()}
    changed: HumanRecord = replace(record, **more)
    return changed
